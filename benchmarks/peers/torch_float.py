"""PyTorch's float32, channels last: what int8 has to beat."""

import copy
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks.peers import Run

VERSIONS = ("torch",)


def prepare(model: nn.Module, _calibration: Sequence[np.ndarray], _folder: Path) -> Callable[[int], Run]:
    """Run the module as it is, in the memory format that is fastest on a CPU."""
    module = copy.deepcopy(model).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def open_session(threads: int) -> Run:
        def run(x: np.ndarray) -> np.ndarray:
            torch.set_num_threads(threads)
            with torch.inference_mode():
                return module(torch.from_numpy(x)).numpy()

        return run

    return open_session
