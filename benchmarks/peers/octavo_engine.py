"""This project's own engine, from the float module through a file to the runtime."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

import octavo
import octavo.runtime
from benchmarks.peers import Run

VERSIONS = ("octavo",)


def prepare(model: nn.Module, calibration: Sequence[np.ndarray], folder: Path) -> Callable[[int], Run]:
    """Quantize anew each time: a file of an older commit would measure that commit."""
    tensors = [torch.from_numpy(sample) for sample in calibration]
    path = folder / "model.octavo"
    path.parent.mkdir(parents=True, exist_ok=True)
    octavo.quantize(model, (tensors[0],), calibration_data=tensors).save(path)

    def open_session(threads: int) -> Run:
        return octavo.runtime.load(path, threads=threads)

    return open_session
