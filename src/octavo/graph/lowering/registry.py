"""Which function lowers which ATen operator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LOWERINGS: dict[str, Callable[..., Any]] = {}
"""ATen operator, without overload and in-place underscore → function of (builder, *arguments)."""


@dataclass(frozen=True)
class Value:
    """A tensor that depends on the model's inputs, by its name in the graph."""

    name: str


@dataclass(frozen=True)
class Zeros:
    """Zeros whose size depends on the input's: the states that a recurrent layer starts from."""


@dataclass(frozen=True)
class Packed:
    """Sequences of a batch, each of its own length: what recurrent layers read and make between packing and unpacking.

    Args:
        sequences: [t, n, …].
        lengths: [n] int64.
    """

    sequences: Value
    lengths: Value


class Unsupported(Exception):  # noqa: N818 - an internal signal, collected into one UnsupportedOperatorError
    """Say that one call cannot be expressed in a program."""

    def __init__(self, reason: str, remedy: str = "replace it by an equivalent supported operator") -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


TAKES_SIZES: set[str] = set()
"""Operators whose lowering takes symbolic sizes among its arguments."""

MOVES: set[str] = set()
"""Operators that only move values: they mean the same for the integers of a tensor in 8 bits, and for indices."""

ANY_DTYPE: set[str] = set()
"""Operators whose lowering takes values of any dtype, and checks them itself."""


@dataclass(frozen=True)
class SymbolicRange:
    """What `torch.arange` makes where a size is symbolic."""

    start: Any
    end: Any
    step: Any = 1


def lowers(
    *operators: str, sizes: bool = False, moves: bool = False, any_dtype: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function as the lowering of ATen operators.

    Args:
        operators: named without `aten.` and overload: `conv2d`.
        sizes: whether it can handle arguments that are symbolic sizes; for all others they are refused.
        moves: whether it only moves values.
        any_dtype: whether it checks the dtypes of its values itself; most take float32 alone.
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        for operator in operators:
            LOWERINGS[operator] = function
        if sizes:
            TAKES_SIZES.update(operators)
        if moves:
            MOVES.update(operators)
        if any_dtype:
            ANY_DTYPE.update(operators)
        return function

    return register


def operator_key(target: Any) -> str:
    """Return the key of an fx target: `aten.relu_.default` → `relu`; anything else its own name."""
    packet = getattr(target, "overloadpacket", None)
    if packet is None:
        return getattr(target, "__name__", str(target))
    name = packet.__name__
    return name.rstrip("_") if is_in_place(target) else name


def is_in_place(target: Any) -> bool:
    """Tell whether an ATen operator overwrites its first argument (`relu_`, but not `__and__`)."""
    packet = getattr(target, "overloadpacket", None)
    name = packet.__name__ if packet is not None else ""
    return name.endswith("_") and not name.endswith("__")
