"""Tensors that depend on sizes alone, where a size is symbolic: ranges, and numbers that a line cuts in two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch

from octavo.graph.ir import Dim, Shape
from octavo.graph.lowering.registry import Unsupported

Number = float | int | bool


@dataclass(frozen=True)
class Line:
    """`start + Σ steps[axis] · index[axis]`, integers over the indices of a tensor."""

    start: Dim
    steps: tuple[Dim, ...]

    def in_terms_of(self, other: Line) -> tuple[int, int] | None:
        """Return `(factor, start)` with `self = factor · other + start` for all indices; None where there are none."""
        rank = max(len(self.steps), len(other.steps))
        pairs = list(zip(_padded(self.steps, rank), _padded(other.steps, rank), strict=True))
        factor = next((whole(mine) // whole(theirs) for mine, theirs in pairs if theirs != 0), 0)
        if any(whole(mine) != factor * whole(theirs) for mine, theirs in pairs):
            return None
        return factor, whole(self.start) - factor * whole(other.start)

    def moved(self, start: int = 0, factor: int = 1) -> Line:
        """Return `start + factor · self`."""
        if factor == 1 and start == 0:
            return self
        return Line(start + factor * whole(self.start), tuple(factor * whole(step) for step in self.steps))

    def plus(self, other: Line) -> Line:
        """Return the sum of two lines, aligned at their last axes."""
        rank = max(len(self.steps), len(other.steps))
        pairs = zip(_padded(self.steps, rank), _padded(other.steps, rank), strict=True)
        return Line(whole(self.start) + whole(other.start), tuple(whole(a) + whole(b) for a, b in pairs))

    def is_never_negative(self) -> bool:
        """Tell whether the line is 0 or more for all indices."""
        return all(isinstance(n, int) and n >= 0 for n in (self.start, *self.steps))

    def is_always_negative(self) -> bool:
        """Tell whether the line is below 0 for all indices."""
        numbers = (self.start, *self.steps)
        return all(isinstance(n, int) and n <= 0 for n in numbers) and self.start != 0


@dataclass(frozen=True)
class Ramp:
    """An integer for each index: what `torch.arange` makes, and sums of such."""

    shape: Shape
    line: Line


@dataclass(frozen=True, eq=False)
class Split:
    """One number where `line >= 0`, another where not; the same everywhere without a line.

    Args:
        shape: of the tensor.
        line: over its indices.
        numbers: [2], of the dtype that PyTorch gives the tensor: where the line is not negative, and where it is.
    """

    shape: Shape
    line: Line | None
    numbers: torch.Tensor

    @property
    def uniform(self) -> Number | None:
        """The number that it holds everywhere; None where it holds two."""
        return self.numbers[0].item() if self.line is None else None

    def hides_the_future(self) -> bool:
        """Tell whether this is the mask of causal attention: True, or 0, where key <= query, elsewhere False, or −∞.

        Any number below −10⁴ counts as −∞: its exponential is 0 in float32.
        """
        if self.line is None or len(self.line.steps) < 2:
            return False
        seen, hidden = self.numbers.tolist()
        ahead = Line(0, (*[0] * (len(self.line.steps) - 2), 1, -1))
        if self.line != ahead:
            if self.line.moved(-1, -1) != ahead:
                return False
            seen, hidden = hidden, seen
        return (seen, hidden) == (True, False) if self.numbers.dtype == torch.bool else seen == 0 and hidden < -1e4


@dataclass(frozen=True, eq=False)
class Mapped:
    """A number for each index that a line decides, such as the bucket of the distance between two positions.

    Args:
        shape: of the tensor.
        line: over its indices.
        function: from values of the line, int64 of any shape, to the tensor's, of its dtype.
    """

    shape: Shape
    line: Line
    function: Callable[[torch.Tensor], torch.Tensor]


Pattern = Ramp | Split | Mapped


def fill(shape: Shape, number: Number, dtype: torch.dtype) -> Split:
    """Return a tensor that holds one number."""
    return Split(shape, None, torch.tensor([number, number]).to(dtype))


def compare(shape: Shape, operator: str, line: Line) -> Split:
    """Return where `line` is `>=`, `>`, `<=` or `<` 0, as booleans."""
    forms = {"ge": (0, True), "gt": (-1, True), "le": (-1, False), "lt": (0, False)}  # a <= 0 is not (a − 1 >= 0)
    if operator not in forms:
        raise Unsupported("it compares positions for equality", "compare them by < or >, or pass a mask as an input")
    start, inside = forms[operator]
    cut = line.moved(start)
    if cut.is_never_negative() or cut.is_always_negative():
        return fill(shape, inside == cut.is_never_negative(), torch.bool)
    return Split(shape, cut, torch.tensor([inside, not inside]))


def apply(function: Callable[..., torch.Tensor], shape: Shape, splits: Sequence[Split]) -> Split:
    """Compute a function of single elements.

    Args:
        function: of the numbers of the splits, tensors [2] each.
        shape: of the result.
        splits: its operands; those that hold two numbers are cut by the same line.
    """
    rank = len(shape)
    lines = [replace(s.line, steps=_padded(s.line.steps, rank)) for s in splits if s.line is not None]
    if any(line != lines[0] for line in lines[1:]):
        raise Unsupported("it combines two masks of positions", "pass one of them as an input of the model")
    return Split(shape, lines[0] if lines else None, function(*(s.numbers for s in splits)))


def recognize(tensor: torch.Tensor) -> Pattern | None:
    """Find the pattern that a constant follows, so that a part of it can have a symbolic size."""
    shape = tuple(tensor.shape)
    if tensor.numel() == 0 or tensor.dim() == 0:
        return None
    first = tensor[(0,) * tensor.dim()]
    if bool((tensor == first).all()):
        return Split(shape, None, first.repeat(2))
    if tensor.dtype == torch.int64:
        return _ramp(tensor, shape)
    return _triangle(tensor, shape) if tensor.dim() >= 2 else None


def _ramp(tensor: torch.Tensor, shape: Shape) -> Ramp | None:
    start, value, steps = int(tensor.flatten()[0]), torch.zeros_like(tensor), []
    for axis, size in enumerate(tensor.shape):
        index = torch.arange(size).reshape([-1 if i == axis else 1 for i in range(tensor.dim())])
        step = int(tensor.select(axis, 1).flatten()[0]) - start if size > 1 else 0
        steps.append(step)
        value = value + step * index
    return Ramp(shape, Line(start, tuple(steps))) if torch.equal(value + start, tensor) else None


def _triangle(tensor: torch.Tensor, shape: Shape) -> Split | None:
    matrix = tensor[(0,) * (tensor.dim() - 2)]
    low, high = matrix[-1, 0], matrix[0, -1]
    diagonal = int((matrix[0] == low).sum()) - 1
    below = torch.ones(matrix.shape, dtype=torch.bool).tril(diagonal)
    if low == high or not torch.equal(torch.where(below, low, high).expand_as(tensor), tensor):
        return None
    return Split(shape, Line(diagonal, (*[0] * (tensor.dim() - 2), 1, -1)), torch.stack([low, high]))


def _padded(steps: tuple[Dim, ...], rank: int) -> tuple[Dim, ...]:
    return (*[0] * (rank - len(steps)), *steps)


def whole(number: Dim) -> int:
    """Return an integer, or refuse an expression of symbols."""
    if not isinstance(number, int):
        raise Unsupported(
            f"it computes with a range whose step or start is {number}", "fix the size with dynamic_shapes"
        )
    return number
