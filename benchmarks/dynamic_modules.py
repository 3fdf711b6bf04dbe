"""Compare dynamically quantized modules: `python -m benchmarks.dynamic_modules [linear lstm …] [--threads 1,2]`.

The modules that `quantize_dynamic` of Octavo and of torch.ao (on each of its engines) put in the place of the same
`nn.Linear(768, 3072)`, `nn.LSTM(512, 512)` and `nn.GRU(512, 512)`, called with tensors, so that the time of Python
around the kernels is in the numbers. Every output is compared with float first; all take turns in one process.
"""

import argparse
import copy
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from rich import box
from rich.progress import track
from rich.table import Table
from torch import nn

from benchmarks import record
from benchmarks.dynamic import BATCHES, CONTEXT, DISTURBED, Result, as_json, on_tensors
from benchmarks.harness import ForeignLoad, Run, interleave, pinned, sqnr
from benchmarks.quiet import quiet
from benchmarks.terminal import terminal

STEPS = 32
LAYERS: dict[str, tuple[Callable[[], nn.Module], Callable[[int], tuple[int, ...]]]] = {
    "linear": (lambda: nn.Linear(768, 3072), lambda batch: (batch, 768)),
    "lstm": (lambda: nn.LSTM(512, 512), lambda batch: (STEPS, batch, 512)),
    "gru": (lambda: nn.GRU(512, 512), lambda batch: (STEPS, batch, 512)),
}
"""Name → what makes the module, and its input's shape for a batch."""
LOWEST_SQNR = 20.0
"""Below this a contender does not compute the layer: torch.ao keeps activations at seven bits, weights per tensor."""


def main() -> None:
    """Measure, print the table and write the record."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dynamic_modules", description=__doc__)
    parser.add_argument("layers", nargs="*", default=["linear", "lstm"], metavar="LAYER", help=", ".join(LAYERS))
    parser.add_argument("--threads", default="1,2", help="numbers of threads, separated by commas")
    parser.add_argument("--batches", default=BATCHES, help="numbers of rows or sequences, separated by commas")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    unknown = [name for name in options.layers if name not in LAYERS]
    if unknown:
        parser.error(f"got layer {unknown[0]!r}, expected one of {', '.join(LAYERS)}")
    console = terminal()
    batches = [int(batch) for batch in options.batches.split(",")]
    results: list[Result] = []
    for name in options.layers:
        torch.manual_seed(0)
        module = LAYERS[name][0]().eval()
        for threads in map(int, options.threads.split(",")):
            with pinned(threads):
                torch.set_num_threads(threads)
                contenders = _contenders(module)
                results += [
                    _measure(name, module, contenders, batch, threads, options.rounds)
                    for batch in track(batches, f"{name}, {threads} threads", console=console, transient=True)
                ]
    console.print(_table(results))
    record.write("dynamic_modules", {f"{r.layer} {r.batch} {r.threads}": as_json(r) for r in results}, ())


def _measure(name: str, module: nn.Module, contenders: dict[str, Run], batch: int, threads: int, rounds: int) -> Result:
    x = np.random.default_rng(batch).normal(0, 1, LAYERS[name][1](batch)).astype(np.float32)
    expected = np.asarray(contenders[CONTEXT](x))
    ratios = {key: sqnr(expected, np.asarray(run(x))) for key, run in contenders.items()}
    for key, ratio in ratios.items():
        if not ratio >= LOWEST_SQNR:
            raise RuntimeError(f"{name}: {key}: SQNR {ratio:.1f} dB against float; not timed")
    with ForeignLoad() as load:
        timing = interleave(contenders, x, rounds, turn=0.05)
    return Result(name, batch, threads, ratios, timing, load.cpus)


def _contenders(module: nn.Module) -> dict[str, Run]:
    """Return name → callable on an array that gives the output."""
    from octavo.eager import quantize_dynamic

    modules: dict[str, Any] = {"octavo": quantize_dynamic(nn.Sequential(module), {type(module)})[0]}  # type: ignore[index]
    engines = set(torch.backends.quantized.supported_engines) - {"none"}
    # Made for Arm; on x86 it takes several times as long as the others, which would only lengthen the measurement.
    for engine in sorted(engines - {"qnnpack"} or engines):
        modules[f"torch.ao {engine}"] = _torch_ao(module, engine)
    modules[CONTEXT] = module
    return {name: on_tensors(_output_of(contender)) for name, contender in modules.items()}


def _output_of(module: Any) -> Callable[[torch.Tensor], torch.Tensor]:
    """Leave out the states that a recurrent module returns beside its output."""
    return (lambda x: module(x)[0]) if hasattr(module, "hidden_size") else module


def _torch_ao(module: nn.Module, engine: str) -> nn.Module:
    from torch.ao.quantization import quantize_dynamic

    warnings.filterwarnings("ignore", message=".*deprecated")
    torch.backends.quantized.engine = engine  # read when the weights are packed
    with quiet():
        return quantize_dynamic(nn.Sequential(copy.deepcopy(module)), {type(module)}, dtype=torch.qint8)[0]


def _ratio_of_minima(result: Result) -> float:
    minima = {name: timing.minimum for name, timing in result.timing.items() if name != CONTEXT}
    own = minima.pop("octavo")
    return own / min(minima.values())


def _table(results: list[Result]) -> Table:
    names = list(results[0].timing)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title="dynamic modules, µs", title_justify="left")
    table.add_column("layer\n", no_wrap=True)
    for heading in ("batch\n", "thr\n", *(name.replace(" ", "\n") for name in names)):
        table.add_column(heading, justify="right")
    for heading in ("ratio to\nbest", "of\nminima", "octavo\ndB", "torch.ao\ndB"):
        table.add_column(heading, justify="right")
    for result in results:
        times = [f"{result.timing[name].median * 1e3:.1f}" for name in names]
        decibels = [result.sqnr[name] for name in names[:2]]
        table.add_row(result.layer, str(result.batch), str(result.threads), *times, f"{result.ratio():.2f}",
                      f"{_ratio_of_minima(result):.2f}",
                      *(f"{value:.1f}" for value in decibels))  # fmt: skip
    foreign = max(result.foreign_cpus for result in results)
    table.caption = (
        "Medians of interleaved turns. ratio: octavo's time over that of the fastest peer; of minima: the same of the\n"
        "shortest runs, which other processes disturb least. dB: SQNR to float."
    )
    if foreign > DISTURBED:
        table.caption += f"\nOther processes used up to {foreign:.1f} CPUs meanwhile: measure again on an idle machine."
    table.caption_justify = "left"
    return table


if __name__ == "__main__":
    main()
