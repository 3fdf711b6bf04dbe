"""Tensors as the engine's memory, without copies where that is possible."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from octavo.program import Program, ShapeError
from octavo.runtime.plans import SLACK, Plans

TORCH_DTYPES = {
    "float32": torch.float32,
    "uint8": torch.uint8,
    "int8": torch.int8,
    "int32": torch.int32,
    "int64": torch.int64,
}


class Place(NamedTuple):
    """What memory to allocate for an output, and how its tensor lies there: shape, strides and offset in elements."""

    dtype: torch.dtype
    allocated: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int


class Call(NamedTuple):
    """How a program is called with tensors that lie in one way.

    native: the engine's plan. copied: the inputs that must be made contiguous first. places: of the outputs.
    """

    native: Any
    copied: tuple[int, ...]
    places: list[Place]

    def run(self, inputs: list[Tensor], threads: int) -> list[Tensor]:
        """Run on tensors that lie so."""
        for index in self.copied:
            inputs[index] = inputs[index].contiguous()
        outputs, addresses = [], []
        for dtype, allocated, shape, strides, offset in self.places:
            whole = torch.empty(allocated, dtype=dtype)
            y = whole.as_strided(shape, strides, offset)
            outputs.append(y)
            addresses.append(y.data_ptr())
        self.native.run_at([x.data_ptr() for x in inputs], addresses, threads)
        return outputs


def how_it_lies(x: Tensor) -> tuple[Any, ...]:
    """Return what a `Call` is made for: dtype, shape, strides, and whether there is slack around a tensor in 8 bits."""
    before = x.storage_offset()
    has_slack = x.element_size() == 1 and before >= SLACK and x.untyped_storage().nbytes() - before - x.numel() >= SLACK
    return x.dtype, x.shape, x.stride(), has_slack


def make_call(program: Program, plans: Plans, inputs: list[Tensor]) -> Call:
    """Plan a call with tensors that lie as these.

    Raises:
        TypeError: a tensor has another dtype or is on another device than the CPU.
        ShapeError: the program does not take these shapes.
    """
    lying, copied = [], []
    for index, (declared, x) in enumerate(zip(program.inputs, inputs, strict=True)):
        if x.dtype != TORCH_DTYPES[declared.dtype] or x.device.type != "cpu":
            raise TypeError(f"input {declared.name!r}: got {x.dtype} on {x.device}, expected {declared.dtype} on cpu")
        if not x.numel():
            raise ShapeError(f"got a tensor of shape {list(x.shape)}; a program takes no empty tensor")
        channels_last = x.dim() >= 3 and not x.is_contiguous() and x.movedim(1, -1).is_contiguous()
        if not channels_last and not x.is_contiguous():
            copied.append(index)
        lying.append((channels_last, how_it_lies(x)[-1] and index not in copied))
    plan = plans.find(tuple([tuple(x.shape) for x in inputs]), tuple(lying))
    return Call(plan.native, tuple(copied), [_place(output) for output in plan.outputs])


def _place(output: Any) -> Place:
    slack = SLACK if output.dtype.itemsize == 1 else 0
    dtype = TORCH_DTYPES[np.dtype(output.dtype).name]
    return Place(dtype, output.size + 2 * slack, output.shape, output.strides, slack)
