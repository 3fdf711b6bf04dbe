"""Compare dynamic linear layers: `python -m benchmarks.dynamic [OUTxIN…] [--threads 1,2] [--batches 1,2,4]`.

Float32 in and out, int8 weights, activations quantized at every call. Each peer runs its own dynamic quantization of
the same `nn.Linear`: torch.ao's `quantize_dynamic` on each of its engines, and ONNX Runtime's with weights per channel.
Every contender is called as its users call it (torch.ao with tensors, the others with arrays), its output is compared
with float first, and all take turns in one process.
"""

import argparse
import copy
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from rich import box
from rich.progress import track
from rich.table import Table
from torch import nn

from benchmarks import record
from benchmarks.harness import ForeignLoad, Run, Timing, interleave, pinned, sqnr
from benchmarks.peers.onnx_export import INPUT
from benchmarks.quiet import quiet
from benchmarks.terminal import terminal
from octavo.program import Input, Operator, Program, Symbol, Value
from octavo.runtime import LoadedProgram

BATCHES = "1,2,4,8,16,32,64,128"
TORCH_ENGINES = ("fbgemm", "onednn")  # "x86" chooses one of the two, layer by layer
CONTEXT = "float"
LOWEST_SQNR = 25.0
"""Below this a contender does not compute the layer: seven bits of a normal tensor give 33 dB."""
DISTURBED = 0.15
"""CPUs' worth of other processes' work above which the table says that its times are not to be trusted."""


class Result(NamedTuple):
    """What was measured on one layer with one batch and number of threads."""

    layer: str
    batch: int
    threads: int
    sqnr: dict[str, float]
    timing: dict[str, Timing]
    foreign_cpus: float

    def ratio(self, prefix: str = "") -> float:
        """Return this engine's median over that of the fastest peer whose name starts with `prefix`."""
        peers = [name for name in self.timing if name not in ("octavo", CONTEXT) and name.startswith(prefix)]
        return self.timing["octavo"].median / min(self.timing[name].median for name in peers)


def main() -> None:
    """Measure, print the table and write the record."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dynamic", description=__doc__)
    parser.add_argument("layers", nargs="*", default=["3072x768"], metavar="OUTxIN")
    parser.add_argument("--threads", default="1,2", help="numbers of threads, separated by commas")
    parser.add_argument("--batches", default=BATCHES, help="numbers of rows, separated by commas")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    console = terminal()
    batches = [int(batch) for batch in options.batches.split(",")]
    results: list[Result] = []
    for name in options.layers:
        outputs, inputs = map(int, name.split("x"))
        torch.manual_seed(0)
        layer = nn.Linear(inputs, outputs)
        for threads in map(int, options.threads.split(",")):
            with pinned(threads):
                contenders = _contenders(layer, threads)
                results += [
                    _measure(name, layer, contenders, batch, threads, options.rounds)
                    for batch in track(batches, f"{name}, {threads} threads", console=console, transient=True)
                ]
                del contenders  # ends the threads of these sessions
    console.print(_table(results))
    record.write("dynamic", {f"{r.layer} {r.batch} {r.threads}": as_json(r) for r in results}, ("onnxruntime",))


def _measure(name: str, layer: nn.Linear, contenders: dict[str, Run], batch: int, threads: int, rounds: int) -> Result:
    x = np.random.default_rng(batch).normal(0, 1, (batch, layer.in_features)).astype(np.float32)
    with torch.inference_mode():
        expected = layer(torch.from_numpy(x)).numpy()
    ratios = {key: sqnr(expected, np.asarray(run(x))) for key, run in contenders.items()}
    for key, ratio in ratios.items():
        if not ratio >= LOWEST_SQNR:
            raise RuntimeError(f"{name}: {key}: SQNR {ratio:.1f} dB against float; not timed")
    with ForeignLoad() as load:
        timing = interleave(contenders, x, rounds, turn=0.05)
    return Result(name, batch, threads, ratios, timing, load.cpus)


def _contenders(layer: nn.Linear, threads: int) -> dict[str, Run]:
    """Return name → callable on an array, each with its weights quantized and `threads` threads."""
    torch.set_num_threads(threads)
    runs: dict[str, Run] = {"octavo": LoadedProgram(program_of(layer), threads=threads)}
    for engine in TORCH_ENGINES:
        runs[f"torch.ao {engine}"] = on_tensors(_torch_ao(layer, engine))
    runs["onnxruntime"] = _onnx_runtime(layer, threads)
    runs[CONTEXT] = on_tensors(layer)
    return runs


def program_of(layer: nn.Linear) -> Program:
    """Return the layer as a program of one `dynamic_linear`: weights symmetric per output channel, any batch."""
    weight = layer.weight.detach().numpy()
    scale = (np.abs(weight).max(axis=1) / 127).astype(np.float32)
    constants = {
        "weight": np.clip(np.rint(weight / scale[:, None]), -127, 127).astype(np.int8),
        "weight_scale": scale,
        "bias": layer.bias.detach().numpy(),
    }
    operator = Operator("dynamic_linear", "layer", ("x",), ("y",), {}, {role: role for role in constants})
    declared = Input("x", "float32", ("batch", weight.shape[1]))
    values = dict.fromkeys("xy", Value("float32"))
    return Program((declared,), ("y",), values, (operator,), constants, {"batch": Symbol()})


def on_tensors(module: Callable[[torch.Tensor], torch.Tensor]) -> Run:
    """Call a module on a tensor over the array's memory: made once for each array, as no user pays for it."""
    tensors: dict[int, tuple[np.ndarray, torch.Tensor]] = {}

    def run(x: np.ndarray) -> torch.Tensor:
        _, tensor = tensors.get(id(x)) or tensors.setdefault(id(x), (x, torch.from_numpy(x)))
        with torch.inference_mode():
            return module(tensor)

    return run


def _torch_ao(layer: nn.Linear, engine: str) -> nn.Module:
    from torch.ao.quantization import quantize_dynamic

    warnings.filterwarnings("ignore", message=".*deprecated")
    torch.backends.quantized.engine = engine  # read when the weights are packed
    with quiet():
        return quantize_dynamic(nn.Sequential(copy.deepcopy(layer)), {nn.Linear}, dtype=torch.qint8)[0]


def _onnx_runtime(layer: nn.Linear, threads: int) -> Run:
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper, save
    from onnxruntime.quantization import QuantType, quantize_dynamic

    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    nodes = [helper.make_node("MatMul", [INPUT, "w"], ["xw"]), helper.make_node("Add", ["xw", "b"], ["y"])]
    tensors = [numpy_helper.from_array(np.ascontiguousarray(weight.T), "w"), numpy_helper.from_array(bias, "b")]
    x = helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["batch", weight.shape[1]])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", weight.shape[0]])
    model = helper.make_model(helper.make_graph(nodes, "linear", [x], [y], tensors), ir_version=10,
                              opset_imports=[helper.make_opsetid("", 18)])  # fmt: skip
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    with tempfile.TemporaryDirectory() as folder, quiet():
        source, target = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        save(model, source)
        quantize_dynamic(source, target, per_channel=True, weight_type=QuantType.QInt8)
        session = onnxruntime.InferenceSession(str(target), options, providers=["CPUExecutionProvider"])
    return lambda array: session.run(None, {INPUT: array})[0]


def _table(results: list[Result]) -> Table:
    names = list(results[0].timing)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title="dynamic linear layers, µs", title_justify="left")
    table.add_column("layer\n", no_wrap=True)
    for heading in ("batch\n", "thr\n", *(f"{name.replace(' ', chr(10))}" for name in names)):
        table.add_column(heading, justify="right")
    for heading in ("ratio to\ntorch.ao", "ratio to\nbest", "octavo\ndB", "torch.ao\ndB", "ORT\ndB"):
        table.add_column(heading, justify="right")
    for result in results:
        times = [f"{result.timing[name].median * 1e3:.1f}" for name in names]
        decibels = [result.sqnr[name] for name in ("octavo", "torch.ao fbgemm", "onnxruntime")]
        table.add_row(result.layer, str(result.batch), str(result.threads), *times, f"{result.ratio('torch.ao'):.2f}",
                      f"{result.ratio():.2f}", *(f"{value:.1f}" for value in decibels))  # fmt: skip
    foreign = max(result.foreign_cpus for result in results)
    table.caption = (
        "Medians of interleaved turns. ratio: octavo's time over that of the fastest peer. dB: SQNR to float."
    )
    if foreign > DISTURBED:
        table.caption += f"\nOther processes used up to {foreign:.1f} CPUs meanwhile: measure again on an idle machine."
    table.caption_justify = "left"
    return table


def as_json(result: Result) -> dict[str, object]:
    """Return a result as JSON values, with its ratios."""
    timing = {name: vars(value) for name, value in result.timing.items()}
    ratios = {"ratio": result.ratio(), "ratio_torch_ao": result.ratio("torch.ao")}
    return {**result._asdict(), "timing": timing, **ratios}


if __name__ == "__main__":
    main()
