"""Names for symbolic dimensions: from torch.export's `s77` to a program's `batch`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import sympy
import torch

from octavo.graph.ir import Dim, Shape, SymbolRange

_AXIS_NAMES = {
    5: ("batch", "channels", "depth", "height", "width"),
    4: ("batch", "channels", "height", "width"),
    3: ("batch", "channels", "length"),
    2: ("batch", "features"),
}


class SymbolTable:
    """Translate torch.export's symbols to names, and symbolic sizes to dimensions.

    Args:
        range_constraints: of the exported program: symbol to the integers it may take.
    """

    def __init__(self, range_constraints: dict[sympy.Symbol, Any]) -> None:
        self._constraints = range_constraints
        self._names: dict[sympy.Basic, sympy.Symbol] = {}
        self.ranges: dict[str, SymbolRange] = {}

    def declare(self, shape: Sequence[Any], example: Sequence[int], wanted: dict[int, str]) -> list[int]:
        """Name the symbols of an input's shape.

        Args:
            shape: the exported input's sizes.
            example: the sizes that the user's example had.
            wanted: axis to the name that the user gave it.

        Returns: the axes whose size is an expression of symbols, which an input cannot have.
        """
        refused = []
        for axis, size in enumerate(shape):
            expression = size.node.expr if isinstance(size, torch.SymInt) else sympy.Integer(size)
            if expression.is_Integer or expression in self._names:
                continue
            if not isinstance(expression, sympy.Symbol):
                refused.append(axis)
                continue
            default = _AXIS_NAMES.get(len(shape), ("batch",))
            stem = wanted.get(axis) or (default[axis] if axis < len(default) else f"dim_{axis}")
            name = _unique(stem, self.ranges)
            limits = self._constraints[expression]
            # Export never lets a symbol be 0 or 1 while it traces, so a lower end of 2 is its habit, not a limit.
            low = 1 if limits.lower <= 2 else int(limits.lower)
            high = int(limits.upper) if limits.upper.is_Integer and limits.upper < 2**31 else None
            self._names[expression] = sympy.Symbol(name, integer=True, positive=True)
            self.ranges[name] = SymbolRange(low, high, example[axis])
        return refused

    def dim(self, size: Any) -> Dim:
        """Return an integer, or the text of an expression over the declared names."""
        if not isinstance(size, torch.SymInt):
            return int(size)
        expression = size.node.expr.xreplace(self._names)
        return int(expression) if expression.is_Integer else str(expression)

    def shape(self, sizes: Iterable[Any]) -> Shape:
        """Return `dim` of every size."""
        return tuple(self.dim(size) for size in sizes)

    def limit(self, dim: Dim, most: int) -> None:
        """Lower the limit of a symbol; expressions of symbols are left to what checks sizes at run time."""
        if isinstance(dim, str) and dim in self.ranges:
            known = self.ranges[dim]
            self.ranges[dim] = replace(known, max=most if known.max is None else min(most, known.max))

    def difference(self, a: Any, b: Any) -> int | None:
        """Return `a − b` where it is the same integer for all values of the symbols, else None."""
        left, right = (s.node.expr if isinstance(s, torch.SymInt) else sympy.Integer(s) for s in (a, b))
        value = sympy.expand(left - right)
        return int(value) if value.is_Integer else None


def is_symbol(dim: Dim) -> bool:
    """Tell whether a dimension is one symbol (not a number, not an expression)."""
    return isinstance(dim, str) and dim.isidentifier()


def reshape_target(shape: Shape) -> list[Dim] | None:
    """Write a shape with at most one −1 in place of an expression; None where two would be needed."""
    target: list[Dim] = [dim if isinstance(dim, int) or is_symbol(dim) else -1 for dim in shape]
    return target if target.count(-1) <= 1 else None


def _unique(stem: str, taken: dict[str, Any]) -> str:
    name, count = stem, 1
    while name in taken:
        name, count = f"{stem}_{count}", count + 1
    return name
