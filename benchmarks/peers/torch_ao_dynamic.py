"""PyTorch's deprecated dynamic quantization of linear layers, LSTM and GRU, on each of its engines for x86."""

import copy
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch
from torch import nn

from benchmarks.peers import Peer, Run, Sample, on_tensors
from benchmarks.quiet import quiet

LAYERS = {nn.Linear, nn.LSTM, nn.GRU}


def _prepare(engine: str, model: nn.Module, _calibration: Sequence[Sample], _folder: Path) -> Callable[[int], Run]:
    """Quantize with the default qconfig (7-bit activations, per-tensor weights)."""

    def open_session(threads: int) -> Run:
        # Anew for each session: layers keep the oneDNN primitives of their first run, with its number of threads.
        torch.set_num_threads(threads)
        return on_tensors(_quantized(model, engine))

    return open_session


def _quantized(model: nn.Module, engine: str) -> nn.Module:
    from torch.ao.quantization import quantize_dynamic

    warnings.filterwarnings("ignore", message=".*deprecated")
    torch.backends.quantized.engine = engine  # read when the weights are packed
    with quiet():
        return quantize_dynamic(nn.Sequential(copy.deepcopy(model)), LAYERS, dtype=torch.qint8)[0]


FBGEMM = Peer(("torch",), partial(_prepare, "fbgemm"))
ONEDNN = Peer(("torch",), partial(_prepare, "onednn"))
