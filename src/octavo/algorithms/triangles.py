"""Symmetric and triangular matrices of which the lower triangle alone is held, in panels of columns."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor

PANEL = 512
"""Columns of a panel: enough that its products are as fast as those of whole matrices."""


class Triangles:
    """The lower triangles of square matrices, in panels of columns that are changed in place.

    A panel has the rows from its first column on, so that of what lies above the diagonal no more is held than within a
    panel's own square: of k = 4608, a 3 × 3 kernel on 512 channels, 47 MB in float32 where whole matrices take 85.

    Args:
        groups: how many matrices.
        k: rows and columns of each.
        dtype: float32 or float64.

    Attributes:
        numbers: all of them, [groups, …].
        panels: the first column of each, and its numbers, [groups, k − first, columns].
    """

    def __init__(self, groups: int, k: int, dtype: torch.dtype = torch.float32) -> None:
        # All but the first are PANEL wide: no block of columns that is counted from the last one lies in two.
        edges = [0, *range(k % PANEL or min(PANEL, k), k + 1, PANEL)]
        self._sizes = [(start, k - start, stop - start) for start, stop in pairwise(edges)]
        self.groups, self.k = groups, k
        # Where a column has its numbers: number i at the first of these plus i times the second, from the third on.
        self._columns = torch.empty(3, k, dtype=torch.int64)
        begin = 0
        for start, rows, columns in self._sizes:
            self._columns[0, start : start + columns] = begin - start * columns + torch.arange(columns)
            self._columns[1, start : start + columns] = columns
            self._columns[2, start : start + columns] = start
            begin += rows * columns
        self.hold(torch.zeros(groups, begin, dtype=dtype))

    def hold(self, numbers: Tensor) -> None:
        """Take these numbers, of the shape of those before, in their place."""
        self.numbers = numbers
        parts = numbers.split([rows * columns for _, rows, columns in self._sizes], 1)
        placed = zip(self._sizes, parts, strict=True)
        self.panels = [(start, part.view(self.groups, rows, columns)) for (start, rows, columns), part in placed]

    def diagonal(self) -> Tensor:
        """Return the diagonals, [groups, k]."""
        return torch.cat([panel.diagonal(dim1=1, dim2=2) for _, panel in self.panels], 1)

    def left_of(self, start: int, stop: int) -> Iterator[tuple[slice, Tensor]]:
        """Yield what rows of one panel have left of column `start`: which columns, [groups, stop − start, columns]."""
        for first, panel in self.panels:
            if first < start:
                columns = slice(first, min(first + panel.shape[2], start))
                yield columns, panel[:, start - first : stop - first, : columns.stop - first]

    def square(self, start: int, stop: int) -> Tensor:
        """Return what rows of one panel have in the columns of the same numbers, [groups, stop − start, the same]."""
        first, panel = next(given for given in reversed(self.panels) if given[0] <= start)
        return panel[:, start - first : stop - first, start - first : stop - first]

    def at(self, rows: Tensor, columns: Tensor) -> Tensor:
        """Return numbers of symmetric matrices, [groups, …].

        Args:
            rows, columns: [groups, …] int64, which broadcast.
        """
        begin, step, first = self._columns[:, columns]
        places = rows * step + begin
        if len(self.panels) > 1:  # else all of the matrix is there
            begin, step = self._columns[:2, rows]
            places = torch.where(rows >= first, places, columns * step + begin)
        return self.numbers.gather(1, places.flatten(1)).view(places.shape)
