"""Compare dynamically quantized layers: `python -m benchmarks.dynamic [LAYER…] [--batches 1,8] [--times 16,64]`.

A layer is linear3072x768 (outputs × inputs), or lstm512, gru512, rnn512. Float32 in and out, int8 weights, activations
quantized at every call. Each peer runs its own dynamic quantization of the same module: torch.ao's on each of its
engines, and ONNX Runtime's, which leaves GRU and RNN in float, as torch.ao does RNN.

With `--modules` this engine is called as the module that `quantize_dynamic` puts in the layer's place, so that the time
of Python around the kernels is in the numbers.
"""

import argparse
import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.compare import Network
from benchmarks.first_output import FirstOutput
from benchmarks.peers import Sample
from benchmarks.suite import add_options, available, integers, measure_all, write
from benchmarks.table import comparison_table, error_columns, ratio_column, time_columns
from benchmarks.terminal import terminal

RECURRENT: dict[str, Any] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
PEERS = ("torch.ao fbgemm", "torch.ao onednn", "onnxruntime dynamic", "float")
_IN_FLOAT = {"gru": {"onnxruntime dynamic"}, "rnn": set(PEERS[:3])}
"""Peers that have no int8 for a layer."""
_NOTES = (
    "Medians of interleaved turns. ratio: octavo's time over that of the fastest peer; of minima: the same of the\n"
    "shortest runs, which other processes disturb least. dB: SQNR to float.",
)


def main() -> None:
    """Measure, print the table and write the record."""
    options = _options()
    console = terminal()
    own = "octavo module" if options.modules else "octavo dynamic"
    contenders = available([own, *options.peers.split(",")], console)
    results = measure_all(_networks(options, contenders), options, console)
    columns = [
        *time_columns(contenders, "µs"),
        ratio_column("ratio to\ntorch.ao", own, "torch.ao"),
        ratio_column("ratio to\nbest", own),
        ratio_column("of\nminima", own, minima=True),
        *error_columns([name for name in contenders if name != "torch.ao onednn"]),  # as that of fbgemm
    ]
    console.print(comparison_table("dynamic layers, µs", results, columns, _NOTES))
    write("dynamic modules" if options.modules else "dynamic", results, contenders, console)


def networks(name: str, batches: Sequence[int], times: Sequence[int]) -> Iterator[Network]:
    """Yield a layer with seeded weights and inputs of each batch and, where it is recurrent, each length."""
    linear, recurrent = re.fullmatch(r"linear(\d+)x(\d+)", name), re.fullmatch(r"(lstm|gru|rnn)(\d+)", name)
    torch.manual_seed(0)
    # Seven bits of a normal tensor give 33 dB; peers keep the weights of recurrent layers per tensor.
    if linear:
        outputs, inputs = int(linear[1]), int(linear[2])
        cases = {f"b={batch}": [_normal(batch, inputs)] for batch in batches}
        open_batch = [_normal(2, inputs), _normal(3, inputs)]
        yield Network(name, nn.Linear(inputs, outputs).eval(), open_batch, cases, lowest_sqnr=25.0, turn=0.05)
    elif recurrent:
        size = int(recurrent[2])
        module = FirstOutput(RECURRENT[recurrent[1]](size, size)).eval()
        for time, batch in itertools.product(times, batches):
            sample = _normal(time, batch, size)  # ONNX export fixes the batch of a recurrent layer
            full_name = f"{name} t={time} b={batch}"
            yield Network(full_name, module, [sample], {"": [sample]}, lowest_sqnr=20.0, turn=0.05)
    else:
        raise SystemExit(f"got layer {name!r}, expected linear3072x768 (outputs x inputs), lstm512, gru512 or rnn512")


def _networks(options: argparse.Namespace, contenders: Sequence[str]) -> Iterator[tuple[Network, Sequence[str]]]:
    for name in options.layers:
        left_out = _IN_FLOAT.get(name.rstrip("0123456789"), set())
        for network in networks(name, integers(options.batches), integers(options.times)):
            yield network, [contender for contender in contenders if contender not in left_out]


def _normal(*shape: int) -> Sample:
    return (np.random.default_rng(shape).normal(0, 1, shape).astype(np.float32),)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dynamic", description=__doc__)
    parser.add_argument("layers", nargs="*", default=["linear3072x768", "lstm512"], metavar="LAYER")
    parser.add_argument("--batches", default="1,2,4,8,16,32,64,128", help="rows or sequences, separated by commas")
    parser.add_argument("--times", default="32", help="lengths of sequences, separated by commas")
    parser.add_argument("--modules", action="store_true", help="time this engine's eager modules")
    add_options(parser, PEERS, rounds=7)
    return parser.parse_args()


if __name__ == "__main__":
    main()
