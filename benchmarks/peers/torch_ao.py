"""PyTorch's deprecated FX graph-mode quantization with its x86 engine."""

import copy
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import nn

from benchmarks.peers import Peer, Run, Sample, on_tensors, tensors
from benchmarks.quiet import quiet


def _prepare(model: nn.Module, calibration: Sequence[Sample], _folder: Path) -> Callable[[int], Run]:
    """Quantize with the default qconfig mapping of the x86 engine (7-bit activations, per-channel weights)."""
    with quiet(), torch.no_grad():
        from torch.ao.quantization import get_default_qconfig_mapping
        from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx

        torch.backends.quantized.engine = "x86"
        prepared = prepare_fx(copy.deepcopy(model), get_default_qconfig_mapping("x86"), tensors(calibration[0]))
        for sample in calibration:
            prepared(*tensors(sample))
        converted = convert_fx(prepared)

    def open_session(threads: int) -> Run:
        # Its layers keep the oneDNN primitives of their first run, and these keep that run's number of threads.
        with quiet():
            module = copy.deepcopy(converted)
        torch.set_num_threads(threads)
        return on_tensors(module)

    warnings.filterwarnings("ignore", message="All inputs of this cat operator")  # said anew at every run
    return open_session


STATIC = Peer(("torch",), _prepare)
