"""The axes of a value that was only moved, as pieces of the axes that it was made with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from octavo.graph.ir import Dim, Shape


@dataclass(frozen=True)
class Size:
    """A product of an integer and symbols; a sum of symbols counts as one symbol.

    Args:
        number: 1 or more.
        symbols: sorted, with repetitions.
    """

    number: int
    symbols: tuple[str, ...] = ()

    @classmethod
    def of(cls, dim: Dim) -> Size:
        """Read a dimension: `12`, `batch`, `4*batch`, or an expression that is no product."""
        if isinstance(dim, int):
            return cls(dim)
        factors = dim.split("*")
        if not all(factor.isdecimal() or factor.isidentifier() for factor in factors):
            return cls(1, (dim,))
        number = 1
        for factor in factors:
            number *= int(factor) if factor.isdecimal() else 1
        return cls(number, tuple(sorted(factor for factor in factors if not factor.isdecimal())))

    @property
    def dim(self) -> Dim:
        """The size as a dimension of a graph."""
        if not self.symbols:
            return self.number
        factors = ([str(self.number)] if self.number != 1 else []) + list(self.symbols)
        if len(factors) > 1:
            factors = [f"({factor})" if " " in factor else factor for factor in factors]
        return "*".join(factors)

    def over(self, divisor: Size) -> Size | None:
        """Return the exact quotient; None where there is none for all values of the symbols."""
        left = list(self.symbols)
        for symbol in divisor.symbols:
            if symbol not in left:
                return None
            left.remove(symbol)
        return None if self.number % divisor.number else Size(self.number // divisor.number, tuple(left))

    def times(self, other: Size) -> Size:
        """Return the product."""
        return Size(self.number * other.number, tuple(sorted(self.symbols + other.symbols)))


@dataclass(frozen=True, eq=False)
class Piece:
    """A part of an axis, itself and no other of the same size."""

    size: Size


Group = list[Piece]
ONE = Size(1)


class Axes:
    """A moved value: for each of its axes, and each of its source's, the pieces from the slowest to the fastest.

    Args:
        shape: of the source.
    """

    def __init__(self, shape: Shape) -> None:
        self.source: list[Group] = [_pieces(dim) for dim in shape]
        self.moved: list[Group] = [list(group) for group in self.source]

    def permute(self, dims: Sequence[int]) -> None:
        """Permute the axes."""
        self.moved = [self.moved[axis] for axis in dims]

    def reshape(self, shape: Shape) -> bool:
        """Give the value another shape; False where an axis would begin within a piece that has no such divisor."""
        left = [piece for group in self.moved for piece in group]
        groups: list[Group] = []
        for dim in shape:
            group: Group = []
            size = Size.of(dim)
            while size != ONE:
                if not left:
                    return False
                rest = size.over(left[0].size)
                if rest is None and not self._split(left, size):
                    return False
                size = ONE if rest is None else rest
                group.append(left.pop(0))
            groups.append(group)
        self.moved = groups
        return not left

    def slice(self, axis: int, start: int, end: int) -> tuple[int, int, int] | None:
        """Keep a part of an axis: return the axis, start and end in the source that it is; None where it is not one.

        Args:
            axis: of the value.
            start, end: 0 <= start < end <= its size, an integer.
        """
        group = self.moved[axis]
        if len(group) != 1:
            return None
        for place, pieces in enumerate(self.source):
            if pieces and pieces[0] is group[0]:
                rest = product(pieces[1:])
                if rest.symbols:
                    return None
                kept = [Piece(Size(end - start))] if end - start > 1 else []
                self.source[place], self.moved[axis] = [*kept, *pieces[1:]], kept
                return place, start * rest.number, end * rest.number
        return None

    def _split(self, left: Group, size: Size) -> bool:
        """Cut the first piece of `left` in two, the first of a size."""
        whole = left[0]
        rest = whole.size.over(size)
        if rest is None:
            return False
        parts = [Piece(size), Piece(rest)]
        for group in self.source:
            if whole in group:
                at = group.index(whole)
                group[at : at + 1] = parts
        left[:1] = parts
        return True

    def steps(self) -> tuple[Shape, list[int], Shape]:
        """Return the shape to reshape the source to, the permutation that follows, and the shape after all of it.

        Pieces that lie side by side before and after are one axis in between.
        """
        before = [(place, piece) for place, group in enumerate(self.source) for piece in group]
        after = [(place, piece) for place, group in enumerate(self.moved) for piece in group]
        wanted = {id(piece): (index, place) for index, (place, piece) in enumerate(after)}
        runs: list[Group] = []
        for index, (place, piece) in enumerate(before):
            if index and runs:
                past, previous = before[index - 1]
                (was, out), (now, into) = wanted[id(previous)], wanted[id(piece)]
                if now == was + 1 and (past == place or out == into):
                    runs[-1].append(piece)
                    continue
            runs.append([piece])
        order = sorted(range(len(runs)), key=lambda index: wanted[id(runs[index][0])][0])
        if order == sorted(order):
            runs, order = [], []
        return tuple(product(run).dim for run in runs), order, tuple(product(group).dim for group in self.moved)


def product(pieces: Sequence[Piece]) -> Size:
    """Return the size of pieces together."""
    size = ONE
    for piece in pieces:
        size = size.times(piece.size)
    return size


def _pieces(dim: Dim) -> Group:
    size = Size.of(dim)
    return [] if size == ONE else [Piece(size)]
