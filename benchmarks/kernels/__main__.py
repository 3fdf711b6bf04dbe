"""Rate the kernels layer by layer: `python -m benchmarks.kernels [NAME…] [--threads N] [--isa avx2,avx512_vnni]`.

Each layer is a program of its own. The engine's profile gives the time of its operator alone, without the copies that
bring the program's input into the engine's memory order. Layers and instruction sets take turns, round after round.
"""

import argparse

import numpy as np
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks import record
from benchmarks.harness import pinned, settle
from benchmarks.kernels.shapes import LAYERS, Layer
from benchmarks.terminal import terminal
from octavo import _core
from octavo.runtime import LoadedProgram
from octavo.runtime.peak import int8_peak

RUNS = 20


def main() -> None:
    """Measure, print the table and write the record."""
    options = _options()
    isas = options.isa.split(",")
    layers = [layer for layer in LAYERS if not options.names or any(name in layer.name for name in options.names)]
    console = terminal()
    with pinned(options.threads):
        times = _measure(layers, isas, options.threads, options.rounds, console)
        peak = {isa: int8_peak(isa, options.threads) for isa in isas}
    console.print(_table(layers, isas, times, peak, options.threads))
    results = {
        f"{layer.name} {isa} {options.threads}": {
            "macs": layer.macs, "microseconds": times[layer, isa], "int8_peak_gmacs": peak[isa],
        }
        for layer in layers for isa in isas
    }  # fmt: skip
    record.write("kernels", results, ("octavo",))


def _options() -> argparse.Namespace:
    supported = _core.supported_isas()
    fast = [isa for isa in supported if isa not in ("reference", "amx_emulated")]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kernels", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="parts of layers' names, as in the table")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--isa", default=",".join(fast or supported), help=f"of {', '.join(supported)}")
    return parser.parse_args()


def _measure(
    layers: list[Layer], isas: list[str], threads: int, rounds: int, console: Console
) -> dict[tuple[Layer, str], float]:
    """Return (layer, isa) → microseconds of the layer's operator, the median of the rounds."""
    rng = np.random.default_rng(0)
    times: dict[tuple[Layer, str], list[float]] = {}
    loaded = {}
    for layer in layers:
        program, arrays = layer.program(rng), layer.arrays(rng)
        outputs = []
        for isa in isas:
            loaded[layer, isa] = run = LoadedProgram(program, threads=threads, isa=isa), arrays
            outputs.append(run[0](*arrays))
        if any(not np.array_equal(outputs[0], output) for output in outputs):
            raise RuntimeError(f"{layer.name}: {' and '.join(isas)} disagree; not timed")
    for _ in track(range(rounds), "timing", console=console, transient=True):
        for key, (engine, arrays) in loaded.items():
            settle()
            (nanoseconds,) = (s.nanoseconds for s in engine.profile(*arrays, rounds=RUNS) if s.kind == key[0].kind)
            times.setdefault(key, []).append(nanoseconds / 1e3)
    return {key: float(np.median(values)) for key, values in times.items()}


def _table(
    layers: list[Layer], isas: list[str], times: dict[tuple[Layer, str], float], peak: dict[str, float], threads: int
) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=f"layers on {threads} thread{'s' if threads > 1 else ''}")
    table.add_column("layer", no_wrap=True)
    table.add_column("MMAC", justify="right")
    for isa in isas:
        table.add_column(f"{isa}\nµs", justify="right")
        table.add_column("\nGMAC/s", justify="right")
        table.add_column("\n% peak", justify="right")
    for layer in layers:
        cells = [layer.name, f"{layer.macs / 1e6:.1f}"]
        for isa in isas:
            rate = layer.macs / times[layer, isa] / 1e3
            cells += [f"{times[layer, isa]:.1f}", f"{rate:.0f}", f"{100 * rate / peak[isa]:.0f}"]
        table.add_row(*cells)
    table.caption = "int8 multiply peak: " + ", ".join(f"{isa} {rate:.0f} GMAC/s" for isa, rate in peak.items())
    return table


if __name__ == "__main__":
    main()
