"""Round a weight column by column, each column taking back the error of those before it."""

from __future__ import annotations

import torch
from torch import Tensor

_BLOCK = 64
"""Columns whose errors are held back and given to the rest at once, which changes the speed alone."""


FACTORS = (1.0, 0.7, 0.8, 0.9, 0.95, 1.05, 1.1, 1.2, 1.35)
"""What a scale is multiplied by where several are tried; of equals the first is taken."""


def gptq(weight: Tensor, hessian: Tensor, scale: Tensor, quant_max: int = 127, damping: float = 0.01) -> Tensor:
    """Choose the integers of a weight so that the layer's output, not the weight, changes least.

    It minimizes `tr((W − Ŵ) H (W − Ŵ)ᵀ)` greedily: the error of each column is taken back by those that are still to be
    rounded. Columns go by falling diagonal of H, so that those that matter most are rounded while many are left to
    take the error.

    With H = L Lᵀ the error of a row is `Σⱼ (Σᵢ≥ⱼ Lᵢⱼ (wᵢ − ŵᵢ))²`: going from the last column to the first, column j
    makes its term least where ŵⱼ is nearest to `wⱼ + Σᵢ>ⱼ (Lᵢⱼ / Lⱼⱼ) (wᵢ − ŵᵢ)`. That is the paper's update with the
    inverse of H, and needs no inverse.

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
    order = hessian.diagonal(dim1=1, dim2=2).argsort(dim=1, stable=True)
    lower = _root(_reordered(hessian.double(), order), damping)
    # A column of the weight lies in one piece: [groups, k, rows].
    rest = weight.double().transpose(1, 2).gather(1, order.unsqueeze(2).expand(groups, k, rows))
    steps = scale.double()
    q, taken = torch.empty_like(rest), torch.zeros_like(rest)
    for stop in range(k, 0, -_BLOCK):
        start = max(stop - _BLOCK, 0)
        errors = torch.empty(groups, stop - start, rows, dtype=torch.float64)
        for column in range(stop - 1, start - 1, -1):
            value = rest[:, column] + taken[:, column] / lower[:, column, column, None]
            q[:, column] = (value / steps).round_().clamp_(-quant_max, quant_max)
            error = torch.sub(rest[:, column], q[:, column] * steps, out=errors[:, column - start])
            taken[:, start:column].addcmul_(lower[:, column, start:column, None], error.unsqueeze(1))
        taken[:, :start].baddbmm_(lower[:, start:stop, :start].transpose(1, 2), errors)
    integers = q.to(torch.int8).gather(1, order.argsort(dim=1).unsqueeze(2).expand(groups, k, rows))
    return integers.transpose(1, 2).contiguous()


def gptq_scaled(weight: Tensor, hessian: Tensor, scale: Tensor, quant_max: int) -> tuple[Tensor, Tensor]:
    """Round by `gptq` in several scales, and take for each row the one that leaves the output's least error.

    A scale of least squared error of the weight knows nothing of the inputs, nor of what later columns take back.

    Args:
        weight, hessian, quant_max: as for `gptq`.
        scale: [groups, rows]; tried with each of FACTORS.

    Returns: [groups, rows, k] int8, and the [groups, rows] scales.
    """
    groups, rows, k = weight.shape
    scales = scale.unsqueeze(1) * torch.tensor(FACTORS).reshape(1, -1, 1)  # [groups, factors, rows]
    several = weight.repeat(1, len(FACTORS), 1)
    q = gptq(several, hessian, scales.flatten(1), quant_max)
    error = several - q * scales.flatten(1).unsqueeze(2)
    errors = (torch.bmm(error, hessian.to(error.dtype)) * error).sum(2).reshape(scales.shape)
    best = errors.argmin(1, keepdim=True)  # [groups, 1, rows]
    chosen = q.reshape(groups, len(FACTORS), rows, k).gather(1, best.unsqueeze(3).expand(-1, -1, -1, k))
    return chosen.squeeze(1), scales.gather(1, best).squeeze(1)


def _reordered(hessian: Tensor, order: Tensor) -> Tensor:
    rows = hessian.gather(1, order.unsqueeze(2).expand(hessian.shape))
    return rows.gather(2, order.unsqueeze(1).expand(hessian.shape))


def _root(hessian: Tensor, damping: float) -> Tensor:
    """Return the lower triangular L with L Lᵀ = H, which is damped in place."""
    diagonal = hessian.diagonal(dim1=1, dim2=2)
    # A group that only ever reads zeros has nothing to go by: its columns are then rounded each on its own.
    added = (damping * diagonal.mean(1)).clamp_min(torch.finfo(torch.float32).tiny)
    diagonal += added.unsqueeze(1)
    lower, failed = torch.linalg.cholesky_ex(hessian)
    if bool(failed.any()):
        raise ValueError("gptq: the hessian is not positive definite, expected E[x xᵀ] of finite x")
    return lower
