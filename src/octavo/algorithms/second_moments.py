"""E[x xᵀ] of what a weight is multiplied by, and its triangular root with the columns in the order of GPTQ."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from octavo.algorithms.triangles import Triangles

# How many numbers are put in another order at once, which bounds what their indices take.
_AT_ONCE = 1 << 16


class Root(NamedTuple):
    """L with L Lᵀ = H, damped, whose rows and columns are in another order.

    Args:
        order: [groups, k] int64, which column of H each is; those with the largest diagonal are the last.
        lower: L, float64.
    """

    order: Tensor
    lower: Triangles


class SecondMoments(Triangles):
    """The Hessian H of a layer's squared error: the mean of x xᵀ.

    Args:
        groups, k: x is [groups, k].
    """

    def __init__(self, groups: int, k: int) -> None:
        super().__init__(groups, k)
        self._count = 0

    @classmethod
    def of(cls, matrices: Tensor) -> SecondMoments:
        """Return symmetric matrices [groups, k, k], float32 or float64, as such."""
        made = cls(*matrices.shape[:2])
        made._widen(matrices.dtype)
        for start, panel in made.panels:
            panel.copy_(matrices[:, start:, start : start + panel.shape[2]])
        return made

    def add(self, x: Tensor) -> None:
        """Take [groups, n, k] into account: float32, or float64, and then all is added up in that.

        Until `finish` the numbers are sums.
        """
        self._widen(x.dtype)
        x = x.to(self.numbers.dtype)
        for start, panel in self.panels:
            panel.baddbmm_(x[:, :, start:].transpose(1, 2), x[:, :, start : start + panel.shape[2]])
        self._count += x.shape[1]

    def finish(self) -> SecondMoments:
        """Make means of the sums, and return itself."""
        self.numbers.div_(max(self._count, 1))
        return self

    def quadratic(self, rows: Tensor) -> Tensor:
        """Return `x H xᵀ` for rows x, [groups, n, k]: [groups, n]."""
        products = torch.zeros_like(rows)
        for start, panel in self.panels:
            stop, panel = start + panel.shape[2], panel.to(rows.dtype)
            products[:, :, start:stop] += torch.bmm(rows[:, :, start:], panel)
            products[:, :, stop:].baddbmm_(rows[:, :, start:stop], panel[:, stop - start :].transpose(1, 2))
        return products.mul_(rows).sum(2)

    def root(self, damping: float = 0.01, keep: bool = True) -> Root:
        """Take the root of H, its columns by rising diagonal.

        Args:
            damping: what is added to H's diagonal, as a share of the diagonal's mean; > 0.
            keep: whether H is wanted afterwards; else its memory is free while the root is taken.

        Raises:
            ValueError: H is no matrix of second moments.
        """
        order = self.diagonal().argsort(dim=1, stable=True)
        lower = self._reordered(order)
        if not keep:
            self.numbers, self.panels = self.numbers.new_empty(0), []
        # A group that only ever reads zeros has nothing to go by: its columns are then rounded each on its own.
        added = (damping * lower.diagonal().mean(1)).clamp_min(torch.finfo(torch.float32).tiny)
        for _, panel in lower.panels:
            panel.diagonal(dim1=1, dim2=2).add_(added.unsqueeze(1))
        _take_root(lower)
        return Root(order, lower)

    def _widen(self, dtype: torch.dtype) -> None:
        if dtype == torch.float64 != self.numbers.dtype:
            self.hold(self.numbers.double())

    def _reordered(self, order: Tensor) -> Triangles:
        """Return H with rows and columns in another order, float64."""
        other = Triangles(self.groups, self.k, torch.float64)
        for start, panel in other.panels:
            columns = order[:, None, start : start + panel.shape[2]]
            at_once = max(1, _AT_ONCE // (self.groups * panel.shape[2]))
            for part, rows in zip(panel.split(at_once, 1), order[:, start:, None].split(at_once, 1), strict=True):
                part.copy_(self.at(rows, columns))
        return other


def _take_root(matrix: Triangles) -> None:
    """Replace H by the lower triangular L with L Lᵀ = H, panel by panel, each taken off those to its right."""
    for index, (start, panel) in enumerate(matrix.panels):
        width = panel.shape[2]
        square, below = panel[:, :width], panel[:, width:]
        lower, failed = torch.linalg.cholesky_ex(square)
        if bool(failed.any()):
            raise ValueError("gptq: the hessian is not positive definite, expected E[x xᵀ] of finite x")
        square.copy_(lower)
        if below.numel():
            below.copy_(torch.linalg.solve_triangular(lower.transpose(1, 2), below, upper=True, left=False))
        for first, other in matrix.panels[index + 1 :]:
            rows = panel[:, first - start :]
            other.baddbmm_(rows, rows[:, : other.shape[2]].transpose(1, 2), alpha=-1.0)
