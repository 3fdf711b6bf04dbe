"""PyTorch's deprecated FX graph-mode quantization with its x86 engine."""

import copy
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks.peers import Run
from benchmarks.quiet import quiet

VERSIONS = ("torch",)


def prepare(model: nn.Module, calibration: Sequence[np.ndarray], _folder: Path) -> Callable[[int], Run]:
    """Quantize with the default qconfig mapping of the x86 engine (7-bit activations, per-channel weights)."""
    with quiet(), torch.no_grad():
        from torch.ao.quantization import get_default_qconfig_mapping
        from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx

        torch.backends.quantized.engine = "x86"
        example = (torch.from_numpy(calibration[0]),)
        prepared = prepare_fx(copy.deepcopy(model), get_default_qconfig_mapping("x86"), example)
        for sample in calibration:
            prepared(torch.from_numpy(sample))
        converted = convert_fx(prepared)

    def open_session(threads: int) -> Run:
        # Its layers keep the oneDNN primitives of their first run, and these keep that run's number of threads.
        with quiet():
            module = copy.deepcopy(converted)

        def run(x: np.ndarray) -> np.ndarray:
            torch.set_num_threads(threads)
            with torch.inference_mode():
                return module(torch.from_numpy(x)).numpy()

        return run

    warnings.filterwarnings("ignore", message="All inputs of this cat operator")  # said anew at every run
    return open_session
