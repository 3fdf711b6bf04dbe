"""Einstein sums of two operands: products of matrices once their axes are in order, or element by element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import torch

from octavo.graph.ir import Dim
from octavo.graph.lowering.builder import Builder
from octavo.graph.lowering.masks import combine
from octavo.graph.lowering.operands import value_of
from octavo.graph.lowering.registry import Unsupported, Value, lowers

_REMEDY = "write it as a product of two tensors (@), with permute and reshape around it"
# Names for the axes that an ellipsis stands for; equations have letters alone.
_HIDDEN = "0123456789"


@dataclass(frozen=True)
class _Terms:
    """An equation of two operands: the axes of each and of the result, one character each."""

    first: str
    second: str
    result: str

    def __post_init__(self) -> None:
        for term in (self.first, self.second, self.result):
            if len(set(term)) < len(term):
                raise Unsupported(f"it takes a diagonal ('{term}')", "take the diagonal before")
        for term, other in ((self.first, self.second), (self.second, self.first)):
            lost = set(term) - set(other) - set(self.result)
            if lost:
                raise Unsupported("it sums over an axis that one operand alone has", "sum it before (sum)")

    @property
    def batch(self) -> str:
        """The axes that both operands and the result have, in the order of the result."""
        return "".join(axis for axis in self.result if axis in self.first and axis in self.second)

    @property
    def summed(self) -> str:
        """The axes that the result has not, in the order of the second operand."""
        return "".join(axis for axis in self.second if axis not in self.result)

    def own(self, term: str) -> str:
        """Return the axes that one operand alone has, in the order of the result."""
        return "".join(axis for axis in self.result if axis in term and axis not in self.batch)


@lowers("einsum")
def einsum(b: Builder, equation: str, operands: Sequence[Any], path: Any = None) -> Value:
    """Lower a sum of products of two operands, one of which may be a constant.

    With a constant that has no axis in common with operand and result it is a linear layer, without a sum a product
    element by element, else a product of matrices.
    """
    if len(operands) != 2:
        raise Unsupported(f"it has {len(operands)} operands ('{equation}')", _REMEDY)
    ranks = [x.dim() if isinstance(x, torch.Tensor) else len(b.shape(x)) for x in operands]
    terms = _parsed(equation, ranks)
    x, other = operands
    if isinstance(x, torch.Tensor):
        x, other, terms = other, x, _Terms(terms.second, terms.first, terms.result)
    if not terms.summed:
        return _elementwise(b, x, value_of(b, other), terms)
    if isinstance(other, torch.Tensor) and not terms.batch:
        return _linear(b, x, other, terms)
    return _product(b, x, value_of(b, other), terms)


def _parsed(equation: str, ranks: Sequence[int]) -> _Terms:
    """Read an equation; an ellipsis becomes axes of its own, the result is written out."""
    given, _, result = equation.replace(" ", "").partition("->")
    terms = given.split(",")
    hidden = ""
    for index, (term, rank) in enumerate(zip(terms, ranks, strict=True)):
        if "..." in term:
            axes = _HIDDEN[: rank - len(term) + 3]
            if hidden and axes != hidden:
                raise Unsupported("its ellipses stand for different numbers of axes", "name the axes")
            hidden, terms[index] = axes, term.replace("...", axes)
    if "->" not in equation:
        letters = "".join(terms)
        result = hidden + "".join(sorted(a for a in set(letters) if letters.count(a) == 1 and a not in hidden))
    return _Terms(terms[0], terms[1], result.replace("...", hidden))


def _product(b: Builder, x: Value, other: Value, terms: _Terms) -> Value:
    """Append a product of matrices, the second as it lies or transposed.

    Axes that the first operand alone has, but for the last of them, are leading ones that the second repeats along.
    """
    sizes = _sizes(b, x, other, terms)
    rows, columns, summed = terms.own(terms.first), terms.own(terms.second), terms.summed
    row, outer = rows[-1:], "".join(axis for axis in terms.result if axis in terms.batch + rows[:-1])
    transposed = not columns or terms.second.index(summed[0]) > terms.second.index(columns[0])
    parts = (columns, summed) if transposed else (summed, columns)
    left = _arranged(b, x, terms.first, outer, (row, summed), sizes, ".a")
    right = _arranged(b, other, terms.second, outer, parts, sizes, ".b")
    shape = (*(sizes[axis] for axis in outer), _joined(row, sizes), _joined(columns, sizes))
    y = b.emit("matmul", (left, right), shape, {"transpose_b": transposed})
    return _in_order(b, y, outer + row + columns, terms.result, sizes)


def _linear(b: Builder, x: Value, weight: torch.Tensor, terms: _Terms) -> Value:
    """Append a linear layer of what a constant multiplies."""
    sizes = _sizes(b, x, weight, terms)
    rows, columns, summed = terms.own(terms.first), terms.own(terms.second), terms.summed
    order = [terms.second.index(axis) for axis in columns + summed]
    matrix = weight.permute(order).reshape(prod(int(sizes[a]) for a in columns), -1)
    read = _arranged(b, x, terms.first, rows, (summed,), sizes, ".input")
    shape = (*(sizes[axis] for axis in rows), matrix.shape[0])
    y = b.emit("linear", (read,), shape, {}, {"weight": matrix.contiguous()})
    return _in_order(b, y, rows + columns, terms.result, sizes)


def _elementwise(b: Builder, x: Value, other: Value, terms: _Terms) -> Value:
    """Append a product that broadcasts."""
    sizes = _sizes(b, x, other, terms)
    raised = []
    for value, term in ((x, terms.first), (other, terms.second)):
        order = [term.index(axis) for axis in terms.result if axis in term]
        turned = _permuted(b, value, order, ".turned")
        raised.append(b.reshape(turned, tuple(sizes[a] if a in term else 1 for a in terms.result), ".raised"))
    return combine(b, "mul", *raised)


def _sizes(b: Builder, x: Value, other: Any, terms: _Terms) -> dict[str, Dim]:
    """Return the size of each axis; one that broadcasts is refused."""
    theirs = tuple(other.shape) if isinstance(other, torch.Tensor) else b.shape(other)
    sizes = dict(zip(terms.first, b.shape(x), strict=True))
    for axis, size in zip(terms.second, theirs, strict=True):
        if sizes.setdefault(axis, size) != size:
            raise Unsupported(f"axis '{axis}' has the sizes {sizes[axis]} and {size}", "expand the smaller operand")
    return sizes


def _arranged(
    b: Builder, x: Value, term: str, apart: str, groups: Sequence[str], sizes: dict[str, Dim], suffix: str
) -> Value:
    """Bring the axes of a value in order: some on their own (of size 1 if it lacks them), then each group as one."""
    order = [term.index(axis) for axis in apart + "".join(groups) if axis in term]
    turned = _permuted(b, x, order, f"{suffix}.permute")
    shape = (*(sizes[axis] if axis in term else 1 for axis in apart), *(_joined(group, sizes) for group in groups))
    return b.reshape(turned, shape, suffix)


def _in_order(b: Builder, y: Value, axes: str, wanted: str, sizes: dict[str, Dim]) -> Value:
    """Take joined axes apart and bring them in the order of the result."""
    y = b.reshape(y, tuple(sizes[axis] for axis in axes), ".apart")
    return _permuted(b, y, [axes.index(axis) for axis in wanted], ".result")


def _permuted(b: Builder, x: Value, order: list[int], suffix: str) -> Value:
    if order == list(range(len(order))):
        return x
    shape = b.shape(x)
    return b.emit("permute", (x,), tuple(shape[i] for i in order), {"dims": order}, suffix=suffix)


def _joined(axes: str, sizes: dict[str, Dim]) -> Dim:
    """Return the size of several axes that become one."""
    dims = [sizes[axis] for axis in axes]
    if len(dims) > 1 and not all(isinstance(dim, int) for dim in dims):
        raise Unsupported(f"it joins axes of the sizes {dims}", "fix these sizes with dynamic_shapes, or use reshape")
    return dims[0] if len(dims) == 1 else prod(int(dim) for dim in dims)
