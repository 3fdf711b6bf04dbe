"""Packed sequences in an exported graph.

`pack_padded_sequence` sorts the batch and drops what lies behind the ends, so how large its result is depends on the
lengths: torch.export cannot follow it. While a model is exported, the two functions that pack and unpack leave the
batch padded and in its order; a recurrent layer between them is given the lengths (`recurrent_export.py`). What is
computed within the lengths is the same, for sorted batches and others.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils import rnn

from octavo.graph.errors import CaptureError, CaptureWarning


@dataclass(frozen=True)
class Lengths:
    """What a packed sequence has in place of `batch_sizes` while its model is exported.

    Args:
        lengths: [n] int64.
        steps: of time that the padded batch has, as an integer or symbol.
    """

    lengths: Tensor
    steps: Any

    @property
    def device(self) -> torch.device:
        """Where PyTorch wants the sizes of batches."""
        return torch.device("cpu")

    def __getitem__(self, step: int) -> Any:
        if step != 0:
            raise CaptureError(
                f"the model reads batch_sizes[{step}] of a packed sequence, whose number depends on the lengths. "
                "Remedy: unpack it first (pad_packed_sequence)"
            )
        return self.lengths.shape[0]


@torch.library.custom_op("octavo::pack", mutates_args=())
def _pack(x: Tensor, lengths: Tensor, batch_first: bool) -> Tensor:
    """Lay [t, n, …], or with `batch_first` [n, t, …], out as [t · n, …], time by time."""
    return (x.transpose(0, 1) if batch_first else x).flatten(0, 1).clone()


@_pack.register_fake
def _(x: Tensor, lengths: Tensor, batch_first: bool) -> Tensor:
    torch._check(lengths.shape[0] == x.shape[0 if batch_first else 1])
    return x.new_empty(x.shape[0] * x.shape[1], *x.shape[2:])


@torch.library.custom_op("octavo::unpack", mutates_args=())
def _unpack(x: Tensor, lengths: Tensor, batch_first: bool, steps: int) -> Tensor:
    """Undo `_pack`, with zeros behind the ends."""
    y = x.unflatten(0, (steps, lengths.numel()))
    inside = torch.arange(y.shape[0]).unsqueeze(1) < lengths
    y = torch.where(inside.reshape(*inside.shape, *[1] * (y.dim() - 2)), y, 0.0)
    return (y.transpose(0, 1) if batch_first else y).clone()


@_unpack.register_fake
def _(x: Tensor, lengths: Tensor, batch_first: bool, steps: int) -> Tensor:
    n = lengths.shape[0]
    return x.new_empty(*((n, steps) if batch_first else (steps, n)), *x.shape[1:])


def pack(x: Tensor, lengths: Any, batch_first: bool) -> rnn.PackedSequence:
    """Stand in for `pack_padded_sequence`."""
    if not isinstance(lengths, Tensor):
        raise CaptureError(
            f"pack_padded_sequence: the lengths are a {type(lengths).__name__}, constants of the model; expected an "
            "int64 tensor that is an input. Remedy: let forward take the lengths as a tensor"
        )
    sizes: Any = Lengths(lengths.long(), x.shape[1 if batch_first else 0])
    return rnn.PackedSequence(_pack(x, sizes.lengths, batch_first), sizes, None, None)


def unpack(
    sequence: rnn.PackedSequence, batch_first: bool, padding_value: float, total_length: Any
) -> tuple[Tensor, Tensor]:
    """Stand in for `pad_packed_sequence`: the result has the steps of the padded batch that was packed, or more.

    PyTorch gives as many steps as the longest sequence has where `total_length` is not given. How many those are is not
    known before the lengths are, and a program's shapes follow from the shapes of its inputs.

    Raises:
        CaptureError: other padding than zeros, or fewer steps.

    Warns:
        CaptureWarning: `total_length` is not given.
    """
    sizes: Any = sequence.batch_sizes
    steps, remedy = sizes.steps, "Remedy: total_length=x.shape[1] (without batch_first x.shape[0])"
    if padding_value != 0.0:
        raise CaptureError(
            f"pad_packed_sequence: padding_value is {padding_value}, expected 0.0, which recurrent layers give behind "
            "the ends. Remedy: leave it out, and mask what follows"
        )
    y = _unpack(sequence.data, sizes.lengths, batch_first, steps)
    if total_length is None:
        warnings.warn(
            "pad_packed_sequence without total_length: the result will have as many steps as the padded batch that was "
            "packed, where PyTorch gives those of its longest sequence; they are the same if batches are padded no "
            f"further. {remedy}, so that both always agree",
            CaptureWarning,
            stacklevel=4,
        )
    elif isinstance(total_length, int) and isinstance(steps, int) and total_length > steps:
        behind = [0] * (2 * (y.dim() - (2 if batch_first else 1)))
        y = F.pad(y, [*behind, 0, total_length - steps])
    elif total_length != steps:
        raise CaptureError(
            f"pad_packed_sequence: total_length is {total_length}, the sequences were packed from {steps} steps; "
            f"expected as many, or a fixed number of more. {remedy}"
        )
    return y, sizes.lengths


# The bodies that the two functions get: their names are looked up in torch.nn.utils.rnn.
def _instead_of_pack(input: Any, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True) -> Any:
    from octavo.graph.packed_export import pack

    return pack(input, lengths, batch_first)


def _instead_of_unpack(
    sequence: Any, batch_first: bool = False, padding_value: float = 0.0, total_length: Any = None
) -> Any:
    from octavo.graph.packed_export import unpack

    return unpack(sequence, batch_first, padding_value, total_length)


@contextmanager
def packing_followed() -> Iterator[None]:
    """Let `pack_padded_sequence` and `pad_packed_sequence` keep sequences padded within a block.

    Models hold these functions under names of their own (`from … import`), so their code is exchanged.
    """
    replaced: list[tuple[Any, CodeType]] = []
    pairs: tuple[tuple[Any, Callable[..., Any]], ...] = (
        (rnn.pack_padded_sequence, _instead_of_pack),
        (rnn.pad_packed_sequence, _instead_of_unpack),
    )
    try:
        for function, instead in pairs:
            replaced.append((function, function.__code__))
            function.__code__ = instead.__code__
        yield
    finally:
        for function, code in replaced:
            function.__code__ = code
