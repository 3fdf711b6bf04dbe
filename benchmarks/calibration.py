"""Time calibration against the plain float forward passes over the same data: `python -m benchmarks.calibration`.

Calibration runs the float graph and shows every activation to an observer. What the observers add is the price of
calibration; the plain passes are those of the unmodified module in eval mode, batch norms and all, as well as those of
the captured graph without observers (batch norms folded, so a stricter measure).
"""

import argparse
from collections.abc import Callable

import numpy as np
import torch
from rich import box
from rich.table import Table

from benchmarks import record
from benchmarks.harness import Timing, interleave, pinned
from benchmarks.networks import models
from benchmarks.terminal import terminal
from octavo.graph.calibrate import calibrate
from octavo.graph.capture import capture
from octavo.graph.execute import execute
from octavo.graph.prepare import prepare
from octavo.qconfig import STATIC_OBSERVERS, QConfigMapping, default_static

NETWORKS = ("mobilenet_v2", "resnet18")
BATCHES, BATCH = 4, 8


def main() -> None:
    """Measure, print the table and write the record."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    parser.add_argument("names", nargs="*", default=NETWORKS, metavar="NAME")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    table = Table(box=box.SIMPLE_HEAD, title=f"{BATCHES} batches of {BATCH}, ms, {options.threads} thread(s)")
    for heading in (
        "network",
        "module",
        "graph",
        *STATIC_OBSERVERS,
        *(f"{name} / module" for name in STATIC_OBSERVERS),
    ):
        table.add_column(heading, justify="left" if heading == "network" else "right")
    results = {}
    for name in options.names:
        with pinned(options.threads):
            torch.set_num_threads(options.threads)
            timing = measure(name, options.rounds)
        ratios = {observer: timing[observer].median / timing["module"].median for observer in STATIC_OBSERVERS}
        times = [f"{timing[key].median:.0f}" for key in ("module", "graph", *STATIC_OBSERVERS)]
        table.add_row(name, *times, *(f"{ratio:.2f}" for ratio in ratios.values()))
        results[f"{name} {options.threads}"] = {key: value.median for key, value in timing.items()} | {"ratio": ratios}
    terminal().print(table)
    record.write("calibration", results, ("octavo",))


def measure(name: str, rounds: int) -> dict[str, Timing]:
    """Time one pass over the data with the module, with the graph, and with each kind of observer on it."""
    model = models.build(name, "measured")
    batches = [torch.from_numpy(x) for x in models.samples(name, BATCHES, seed=1, batch=BATCH)]
    captured = capture(model, batches[0])
    plain = prepare(captured, default_static())

    def run_module(_: np.ndarray) -> None:
        with torch.no_grad():
            for batch in batches:
                model(batch)

    def run_graph(_: np.ndarray) -> None:
        for batch in batches:
            execute(plain.graph, plain.signature.bind(batch, "sample"))

    def observed(mapping: QConfigMapping) -> Callable[[np.ndarray], None]:
        def run(_: np.ndarray) -> None:
            prepared = prepare(captured, mapping)
            calibrate(prepared, batches)
            for observer in prepared.observers.values():
                observer.calculate_qparams()

        return run

    runs = {"module": run_module, "graph": run_graph} | {key: observed(default_static(key)) for key in STATIC_OBSERVERS}
    return interleave(runs, np.empty(0, np.float32), rounds, turn=0.0)


if __name__ == "__main__":
    main()
