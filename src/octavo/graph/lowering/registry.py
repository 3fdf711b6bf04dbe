"""Which function lowers which ATen operator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from octavo.graph.ir import Shape

LOWERINGS: dict[str, Callable[..., Any]] = {}
"""ATen operator, without overload and in-place underscore → function of (builder, *arguments)."""


@dataclass(frozen=True)
class Value:
    """A tensor that depends on the model's inputs.

    Args:
        name: in the graph.
        expanded: the shape that `expand` has given it; None where it has the shape that it has in the graph. What
            broadcasts reads it as it is in the graph; `Builder.emit` repeats its elements for everything else.
    """

    name: str
    expanded: Shape | None = None


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

TAKES_INTEGERS: set[str] = set()
"""Operators that compute with integers too: as float32, which holds those up to 2²⁴ as they are."""

TAKES_PATTERNS: set[str] = set()
"""Operators whose lowering takes tensors that depend on sizes alone; the others get them as values."""


def lowers(
    *operators: str,
    sizes: bool = False,
    moves: bool = False,
    any_dtype: bool = False,
    integers: bool = False,
    patterns: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function as the lowering of ATen operators.

    Args:
        operators: named without `aten.` and overload: `conv2d`.
        sizes: whether it can handle arguments that are symbolic sizes; for all others they are refused.
        moves: whether it only moves values.
        any_dtype: whether it checks the dtypes of its values itself; most take float32 alone.
        integers: whether it takes int64 values as float32, and booleans as 0 and 1.
        patterns: whether it takes patterns as they are.
    """

    kinds = ((sizes, TAKES_SIZES), (moves, MOVES), (any_dtype, ANY_DTYPE))
    more = ((integers, TAKES_INTEGERS), (patterns, TAKES_PATTERNS))

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        LOWERINGS.update(dict.fromkeys(operators, function))
        for chosen, keys in (*kinds, *more):
            if chosen:
                keys.update(operators)
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
