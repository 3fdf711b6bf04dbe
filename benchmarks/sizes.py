"""Look for cliffs: `python -m benchmarks.sizes [NAME…] [--threads N]`.

Each network runs on batches from 1 to 64 and on images of odd sizes. What a multiplication takes is compared with what
it takes at batch 1 and 224²: 1.00 is as fast. A size that is slower than `CLIFF` is listed with the operators that lose
the time.
"""

import argparse
import gc
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich import box
from rich.table import Table

from benchmarks import record
from benchmarks.compare import Network, cache_folder
from benchmarks.harness import pinned
from benchmarks.networks import models
from benchmarks.peers import load_peer
from benchmarks.terminal import terminal
from octavo.program import bind_symbols, infer_shapes
from octavo.report.macs import macs
from octavo.runtime import LoadedProgram, load

DEFAULT = ("resnet18", "mobilenet_v2")
BATCHES = (1, 2, 3, 4, 8, 16, 32, 64)
IMAGES = ((224, 224), (225, 223), (192, 192), (97, 131))
CLIFF = 1.25
"""How much more a multiplication may take than at batch 1 and 224²."""
WORST = 3


@dataclass(frozen=True)
class Point:
    """A run of one size: what it takes in all in ms, microseconds and multiplications of each operator."""

    batch: int
    image: tuple[int, int]
    milliseconds: float
    times: dict[str, float]
    macs: dict[str, int]

    @property
    def name(self) -> str:
        return f"{self.batch} × {self.image[0]}×{self.image[1]}"

    @property
    def ms_per_image(self) -> float:
        return self.milliseconds / self.batch

    def relative(self, base: "Point") -> float:
        """Return the time of a multiplication over that of `base`."""
        return self._per_mac() / base._per_mac()

    def losses(self, base: "Point") -> list[tuple[str, float, float]]:
        """Return of the operators that lose most: name, milliseconds a run that `base`'s pace would save, ratio."""
        found = []
        for name, taken in self.times.items():
            work = self.macs.get(name, 0) / base.macs[name] if base.macs.get(name) else self._work() / base._work()
            expected = base.times.get(name, 0.0) * work
            found.append((name, (taken - expected) / 1e3, taken / expected if expected else float("inf")))
        return sorted(found, key=lambda loss: -loss[1])[:WORST]

    def _work(self) -> int:
        return sum(self.macs.values())

    def _per_mac(self) -> float:
        return self.milliseconds / self._work()


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the tables and write the record; `arguments` are those of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sizes", description=__doc__)
    parser.add_argument("names", nargs="*", default=DEFAULT, metavar="NAME", help=f"of {', '.join(models.NETWORKS)}")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3, help="turns of each size")
    options = parser.parse_args(arguments)
    console, results = terminal(), {}
    for name in options.names:
        with pinned(options.threads):
            points = measure(name, options.threads, options.rounds)
        console.print(_table(name, points, options.threads))
        base = points[0]
        results[f"{name} {options.threads}"] = {
            point.name: {"ms_per_image": point.ms_per_image, "relative": point.relative(base)} for point in points
        }
        for point in points:
            if point.relative(base) > CLIFF:
                losses = "; ".join(f"{name} +{ms:.2f} ms ({ratio:.2f}×)" for name, ms, ratio in point.losses(base))
                console.print(f"cliff at {point.name}, {point.relative(base):.2f}×: {losses}", highlight=False)
    record.write("sizes", results, ("octavo",))


def measure(name: str, threads: int, rounds: int) -> list[Point]:
    """Return one point for each size, batch 1 at 224² first.

    Sizes take turns, and the least time counts: disturbances only ever add to it. On one thread a run's time is that of
    the processor, which other processes do not disturb either; operators are timed by the clock on the wall.
    """
    loaded = load(_file(name), threads=threads)
    sizes = [(batch, IMAGES[0]) for batch in BATCHES] + [(1, image) for image in IMAGES[1:]] + [(8, IMAGES[-1])]
    least: dict[tuple[int, tuple[int, int]], dict[str, float]] = {size: {} for size in sizes}
    totals = dict.fromkeys(sizes, float("inf"))
    clock = time.thread_time if threads == 1 else time.perf_counter
    rng = np.random.default_rng(0)
    for _ in range(rounds):
        for batch, image in sizes:
            x = rng.standard_normal((batch, 3, *image), dtype=np.float32)
            kept = least[batch, image]
            loaded(x)
            for _ in range(max(2, 16 // batch)):
                start = clock()
                loaded(x)
                totals[batch, image] = min(totals[batch, image], (clock() - start) * 1e3)
                for operator, taken in _profile(loaded, x).items():
                    kept[operator] = min(taken, kept.get(operator, taken))
            gc.collect()
    return [Point(*size, totals[size], least[size], _macs(loaded, *size)) for size in sizes]


def _file(name: str) -> Path:
    """Quantize a network whose batch and image sizes stay open."""
    model = models.build(name)
    rng = np.random.default_rng(1)
    sizes = ((2, 3, 224, 224), (3, 3, 193, 161))
    samples = [(rng.standard_normal(size, dtype=np.float32),) for size in sizes]
    folder = cache_folder(Network(f"{name} sizes", model, samples, {}, sources=[Path(__file__), Path(models.__file__)]))
    load_peer("octavo").prepare(model, samples, folder)
    return folder / "static.octavo"


def _profile(loaded: LoadedProgram, x: np.ndarray) -> dict[str, float]:
    spent: dict[str, float] = {}
    for step in loaded.profile(x, rounds=1):
        spent[step.name] = spent.get(step.name, 0.0) + step.nanoseconds / 1e3
    return spent


def _macs(loaded: LoadedProgram, batch: int, image: tuple[int, int]) -> dict[str, int]:
    program = loaded.program
    return macs(program, infer_shapes(program, bind_symbols(program, [(batch, 3, *image)])))


def _table(name: str, points: Sequence[Point], threads: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=f"{name}, {threads} thread(s)", title_justify="left")
    for heading in ("batch × image", "ms an image", "a multiplication's time"):
        table.add_column(heading, justify="right")
    for point in points:
        relative = point.relative(points[0])
        mark = "[bold red]" if relative > CLIFF else ""
        table.add_row(point.name, f"{point.ms_per_image:.2f}", f"{mark}{relative:.2f}")
    return table


if __name__ == "__main__":
    main()
