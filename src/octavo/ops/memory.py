"""Tensors as the engine's arrays, without copies where that is possible."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from octavo.program import ShapeError
from octavo.runtime.plans import SLACK, Output

_EIGHT_BIT = {np.dtype("uint8"): torch.uint8, np.dtype("int8"): torch.int8}


def array_of(x: Tensor) -> np.ndarray:
    """Return a tensor's memory as an array of its shape and strides.

    Raises:
        ShapeError: it has no elements.
    """
    if not x.numel():
        raise ShapeError(f"got a tensor of shape {list(x.shape)}; a program takes no empty tensor")
    return x.detach().numpy()


def has_slack(x: Tensor) -> bool:
    """Tell whether `SLACK` bytes on both sides of a dense tensor in 8 bits belong to its storage as well."""
    if x.element_size() != 1:
        return False
    before = x.storage_offset()
    return before >= SLACK and x.untyped_storage().nbytes() - before - x.numel() >= SLACK


def empty_output(output: Output) -> tuple[Tensor, np.ndarray]:
    """Return a tensor for an output, logical axes first, and its memory as an array; in 8 bits with slack around it."""
    dtype = _EIGHT_BIT.get(output.dtype)
    if dtype is None:
        array = np.empty(output.memory, output.dtype)
        return torch.from_numpy(array), array
    whole = torch.empty(output.size + 2 * SLACK, dtype=dtype)
    array = whole.as_strided(output.memory, output.memory_strides, SLACK).numpy()
    return whole.as_strided(output.shape, output.strides, SLACK), array
