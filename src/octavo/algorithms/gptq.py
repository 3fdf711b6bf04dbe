"""Round a weight column by column, each column taking back the error of those before it."""

from __future__ import annotations

import torch
from torch import Tensor

_BLOCK = 128
"""Columns whose error is held back and added to the rest at once; it changes no answer, only the speed."""


def gptq(weight: Tensor, hessian: Tensor, scale: Tensor, quant_max: int = 127, damping: float = 0.01) -> Tensor:
    """Choose the integers of a weight so that the layer's output, not the weight, changes least.

    The error of rounding column q is spread over the columns that are still to be rounded, by the inverse of the
    Hessian: it minimizes `tr((W − Ŵ) H (W − Ŵ)ᵀ)` greedily. Columns go by falling diagonal of H, so that those that
    matter most are rounded while many are left to take the error.

    Args:
        weight: [groups, rows, k] float.
        hessian: [groups, k, k] float, `E[x xᵀ]` of what the rows are multiplied by.
        scale: [groups, rows] float > 0, of one row each.
        quant_max: integers are in [−quant_max, quant_max].
        damping: what is added to H's diagonal, as a share of the diagonal's mean; > 0.

    Returns: [groups, rows, k] int8.

    Raises:
        ValueError: the shapes do not fit, or the Hessian is no matrix of second moments.

    Reference: Frantar et al., GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers, ICLR
        2023, equations 2 and 3 and algorithm 1, with the order of its section 3.3 ("act order" of the authors' code).
    """
    groups, rows, k = weight.shape
    if hessian.shape != (groups, k, k) or scale.shape != (groups, rows):
        raise ValueError(
            f"gptq: got weight {tuple(weight.shape)}, hessian {tuple(hessian.shape)}, scale {tuple(scale.shape)}; "
            f"expected hessian {(groups, k, k)} and scale {(groups, rows)}"
        )
    order = hessian.diagonal(dim1=1, dim2=2).argsort(dim=1, descending=True, stable=True)
    upper = _inverse_root(_reordered(hessian.double(), order), damping)
    rest = weight.double().gather(2, order.unsqueeze(1).expand(weight.shape)).clone()
    q = torch.empty_like(rest)
    steps = scale.double()
    for start in range(0, k, _BLOCK):
        stop = min(start + _BLOCK, k)
        errors = torch.empty(groups, rows, stop - start, dtype=torch.float64)
        for column in range(start, stop):
            value = rest[:, :, column]
            q[:, :, column] = (value / steps).round().clamp(-quant_max, quant_max)
            error = (value - q[:, :, column] * steps) / upper[:, column, column, None]
            rest[:, :, column:stop] -= error.unsqueeze(2) * upper[:, None, column, column:stop]
            errors[:, :, column - start] = error
        rest[:, :, stop:] -= errors @ upper[:, start:stop, stop:]
    return q.gather(2, order.argsort(1).unsqueeze(1).expand(weight.shape)).to(torch.int8)


def _reordered(hessian: Tensor, order: Tensor) -> Tensor:
    rows = hessian.gather(1, order.unsqueeze(2).expand(hessian.shape))
    return rows.gather(2, order.unsqueeze(1).expand(hessian.shape))


def _inverse_root(hessian: Tensor, damping: float) -> Tensor:
    """Return the upper triangular U with UᵀU = H⁻¹."""
    diagonal = hessian.diagonal(dim1=1, dim2=2)
    # A group that only ever reads zeros has nothing to go by: its columns are then rounded each on its own.
    added = (damping * diagonal.mean(1)).clamp_min(torch.finfo(torch.float32).tiny)
    damped = hessian + torch.diag_embed(added.unsqueeze(1).expand(diagonal.shape))
    lower, failed = torch.linalg.cholesky_ex(damped)
    if bool(failed.any()):
        raise ValueError("gptq: the hessian is not positive definite, expected E[x xᵀ] of finite x")
    return torch.linalg.cholesky(torch.cholesky_inverse(lower), upper=True)
