"""Compare dynamic recurrent layers: `python -m benchmarks.recurrent [lstm512 gru512 …] [--batches 1,8]`.

Float32 in and out, int8 weights, activations quantized at every call. Each peer runs its own dynamic quantization of
the same module: torch.ao's `quantize_dynamic` on each of its engines, and ONNX Runtime's of an LSTM with weights per
channel. The output of every contender is compared with float first, and all take turns in one process.
"""

import argparse
import copy
import re
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich import box
from rich.progress import track
from rich.table import Table
from torch import nn

from benchmarks import record
from benchmarks.dynamic import CONTEXT, DISTURBED, TORCH_ENGINES, Result, as_json, on_tensors
from benchmarks.harness import ForeignLoad, Run, interleave, pinned, sqnr
from benchmarks.peers.onnx_export import INPUT
from benchmarks.quiet import quiet
from benchmarks.terminal import terminal
from octavo.program import Input, Operator, Program, Symbol, Value
from octavo.runtime import LoadedProgram

MODULES: dict[str, Any] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
LOWEST_SQNR = 20.0
"""Below this a contender does not compute the layer: peers keep weights at seven bits, per tensor."""


def main() -> None:
    """Measure, print the table and write the record."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recurrent", description=__doc__)
    parser.add_argument("layers", nargs="*", default=["lstm512"], metavar="LAYER", help="lstm, gru or rnn and its size")
    parser.add_argument("--threads", default="1,2", help="numbers of threads, separated by commas")
    parser.add_argument("--batches", default="1,2,4,8,16,32,64,128", help="numbers of sequences, separated by commas")
    parser.add_argument("--times", default="16,64", help="lengths of sequences, separated by commas")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    console = terminal()
    sizes = [(int(time), int(batch)) for time in options.times.split(",") for batch in options.batches.split(",")]
    results: list[Result] = []
    for name in options.layers:
        module = _module(name)
        for threads in map(int, options.threads.split(",")):
            with pinned(threads):
                contenders = _contenders(module, threads)
                for time, batch in track(sizes, f"{name}, {threads} threads", console=console, transient=True):
                    results.append(
                        _measure(f"{name} t={time}", module, contenders, (time, batch), threads, options.rounds)
                    )
                del contenders  # ends the threads of these sessions
    console.print(_table(results))
    record.write("recurrent", {f"{r.layer} {r.batch} {r.threads}": as_json(r) for r in results}, ("onnxruntime",))


def _module(name: str) -> nn.RNNBase:
    match = re.fullmatch(r"(lstm|gru|rnn)(\d+)", name)
    if match is None:
        raise SystemExit(f"got layer {name!r}, expected lstm, gru or rnn and a size: lstm512")
    torch.manual_seed(0)
    return MODULES[match[1]](int(match[2]), int(match[2]))


def _measure(
    name: str, module: nn.RNNBase, contenders: dict[str, Run], size: tuple[int, int], threads: int, rounds: int
) -> Result:
    x = np.random.default_rng(size[1]).normal(0, 1, (*size, module.input_size)).astype(np.float32)
    with torch.inference_mode():
        expected = module(torch.from_numpy(x))[0].numpy()
    ratios = {key: sqnr(expected, np.asarray(run(x)).reshape(expected.shape)) for key, run in contenders.items()}
    for key, ratio in ratios.items():
        if not ratio >= LOWEST_SQNR:
            raise RuntimeError(f"{name}: {key}: SQNR {ratio:.1f} dB against float; not timed")
    with ForeignLoad() as load:
        timing = interleave(contenders, x, rounds, turn=0.05)
    return Result(name, size[1], threads, ratios, timing, load.cpus)


def _contenders(module: nn.RNNBase, threads: int) -> dict[str, Run]:
    """Return name → callable on an array that gives y, each with its weights quantized and `threads` threads."""
    torch.set_num_threads(threads)
    loaded = LoadedProgram(program_of(module), threads=threads)
    runs: dict[str, Run] = {"octavo": lambda x: loaded(x)[0]}
    if not isinstance(module, nn.RNN):  # torch.ao quantizes LSTM and GRU alone
        for engine in TORCH_ENGINES:
            quantized = _torch_ao(module, engine)
            runs[f"torch.ao {engine}"] = on_tensors(lambda x, run=quantized: run(x)[0])
    if isinstance(module, nn.LSTM):  # ONNX Runtime quantizes LSTM alone
        runs["onnxruntime"] = _onnx_runtime(module, threads)
    runs[CONTEXT] = on_tensors(lambda x: module(x)[0])
    return runs


def program_of(module: nn.RNNBase) -> Program:
    """Return a layer as a program of one operator: weights symmetric per row, any length and batch."""
    constants = {}
    for which in ("ih", "hh"):
        weight = getattr(module, f"weight_{which}_l0").detach().numpy()
        scale = (np.abs(weight).max(axis=1) / 127).astype(np.float32)
        constants[f"weight_{which}"] = np.clip(np.rint(weight / scale[:, None]), -127, 127).astype(np.int8)
        constants[f"weight_{which}_scale"] = scale
    biases = {f"bias_{which}": getattr(module, f"bias_{which}_l0").detach().numpy() for which in ("ih", "hh")}
    constants |= biases if isinstance(module, nn.GRU) else {"bias": biases["bias_ih"] + biases["bias_hh"]}
    kind = next(name for name, cls in MODULES.items() if isinstance(module, cls))
    outputs = ("y", "h_n", "c_n") if kind == "lstm" else ("y", "h_n")
    attributes = {"reverse": False} | ({"nonlinearity": module.nonlinearity} if kind == "rnn" else {})
    return Program(
        (Input("x", "float32", ("time", "batch", module.input_size)),),
        outputs,
        dict.fromkeys(("x", *outputs), Value("float32")),
        (Operator(kind, "layer", ("x",), outputs, attributes, {role: role for role in constants}),),
        constants,
        {"time": Symbol(), "batch": Symbol()},
        list(range(len(outputs))),
    )


def _torch_ao(module: nn.RNNBase, engine: str) -> nn.Module:
    from torch.ao.quantization import quantize_dynamic

    warnings.filterwarnings("ignore", message=".*deprecated")
    torch.backends.quantized.engine = engine  # read when the weights are packed
    with quiet():
        return quantize_dynamic(nn.Sequential(copy.deepcopy(module)), {type(module)}, dtype=torch.qint8)[0]


def _onnx_runtime(module: nn.LSTM, threads: int) -> Run:
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper, save
    from onnxruntime.quantization import QuantType, quantize_dynamic

    def gates(name: str) -> np.ndarray:
        """Return a parameter with its gates in ONNX's order: i, o, f, c."""
        i, f, g, o = np.split(getattr(module, name).detach().numpy(), 4)
        return np.concatenate([i, o, f, g])

    bias = np.concatenate([gates("bias_ih_l0"), gates("bias_hh_l0")])
    arrays = {"w": gates("weight_ih_l0"), "r": gates("weight_hh_l0"), "b": bias}
    tensors = [numpy_helper.from_array(array[None], name) for name, array in arrays.items()]
    node = helper.make_node("LSTM", [INPUT, *arrays], ["y"], hidden_size=module.hidden_size)
    x = helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["time", "batch", module.input_size])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["time", 1, "batch", module.hidden_size])
    model = helper.make_model(helper.make_graph([node], "lstm", [x], [y], tensors), ir_version=10,
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
    names = list(dict.fromkeys(name for result in results for name in result.timing))
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title="dynamic recurrent layers, ms", title_justify="left")
    table.add_column("layer\n", no_wrap=True)
    for heading in ("batch\n", "thr\n", *(name.replace(" ", "\n") for name in names)):
        table.add_column(heading, justify="right")
    for heading in ("ratio to\nbest", "octavo\ndB", "torch.ao\ndB"):
        table.add_column(heading, justify="right")
    for result in results:
        times = [f"{result.timing[name].median:.3f}" if name in result.timing else "" for name in names]
        peers = len(result.timing) > 2
        decibels = [result.sqnr.get(name) for name in ("octavo", "torch.ao fbgemm")]
        table.add_row(
            result.layer, str(result.batch), str(result.threads), *times, f"{result.ratio():.2f}" if peers else "",
            *("" if value is None else f"{value:.1f}" for value in decibels),
        )  # fmt: skip
    foreign = max(result.foreign_cpus for result in results)
    table.caption = (
        "Medians of interleaved turns. ratio: octavo's time over that of the fastest peer. dB: SQNR to float."
    )
    if foreign > DISTURBED:
        table.caption += f"\nOther processes used up to {foreign:.1f} CPUs meanwhile: measure again on an idle machine."
    table.caption_justify = "left"
    return table


if __name__ == "__main__":
    main()
