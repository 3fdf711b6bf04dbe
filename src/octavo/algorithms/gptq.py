"""Round a weight column by column, each column taking back the error of those before it."""

from __future__ import annotations

import torch
from torch import Tensor

from octavo.algorithms.second_moments import Root, SecondMoments

_BLOCK = 64
"""Columns whose errors are held back and given to the rest at once, which changes the speed alone."""
# How many numbers of a weight are rounded in several scales at once, which bounds the memory.
_AT_ONCE = 1 << 22


FACTORS = (1.0, 0.7, 0.8, 0.9, 0.95, 1.05, 1.1, 1.2, 1.35)
"""What a scale is multiplied by where several are tried; of equals the first is taken."""


def gptq(weight: Tensor, root: Root, scale: Tensor, quant_max: int = 127) -> Tensor:
    """Choose the integers of a weight so that the layer's output, not the weight, changes least.

    It minimizes `tr((W − Ŵ) H (W − Ŵ)ᵀ)` greedily: the error of each column is taken back by those that are still to be
    rounded. Columns go by falling diagonal of H, so that those that matter most are rounded while many are left to
    take the error.

    With H = L Lᵀ the error of a row is `Σⱼ (Σᵢ≥ⱼ Lᵢⱼ (wᵢ − ŵᵢ))²`: going from the last column to the first, column j
    makes its term least where ŵⱼ is nearest to `wⱼ + Σᵢ>ⱼ (Lᵢⱼ / Lⱼⱼ) (wᵢ − ŵᵢ)`. That is the paper's update with the
    inverse of H, and needs no inverse.

    Args:
        weight: [groups, rows, k] float.
        root: of H, `E[x xᵀ]` of what the rows are multiplied by; `SecondMoments.root`.
        scale: [groups, rows] float > 0, of one row each.
        quant_max: integers are in [−quant_max, quant_max].

    Returns: [groups, rows, k] int8.

    Raises:
        ValueError: the shapes do not fit.

    Reference: Frantar et al., GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers, ICLR
        2023, equations 2 and 3 and algorithm 1, with the order of its section 3.3 ("act order" of the authors' code).
    """
    groups, rows, k = weight.shape
    order, lower = root
    if order.shape != (groups, k) or scale.shape != (groups, rows):
        raise ValueError(
            f"gptq: got weight {tuple(weight.shape)}, a root of {tuple(order.shape)}, scale {tuple(scale.shape)}; "
            f"expected a root of {(groups, k)} and scale {(groups, rows)}"
        )
    steps = scale.double()
    # A column of the weight lies in one piece: [groups, k, rows].
    by_column = weight.transpose(1, 2)
    q = torch.empty(groups, k, rows, dtype=torch.int8)
    taken = torch.zeros(groups, k, rows, dtype=torch.float64)
    for stop in range(k, 0, -_BLOCK):
        start = max(stop - _BLOCK, 0)
        places = order[:, start:stop].unsqueeze(2).expand(-1, -1, rows)
        rest, square = by_column.gather(1, places).double(), lower.square(start, stop)
        errors = torch.empty_like(rest)
        rounded = torch.empty_like(rest)
        for column in range(stop - start - 1, -1, -1):
            value = rest[:, column] + taken[:, start + column] / square[:, column, column, None]
            rounded[:, column] = (value / steps).round_().clamp_(-quant_max, quant_max)
            error = torch.sub(rest[:, column], rounded[:, column] * steps, out=errors[:, column])
            taken[:, start : start + column].addcmul_(square[:, column, :column, None], error.unsqueeze(1))
        for columns, part in lower.left_of(start, stop):
            taken[:, columns].baddbmm_(part.transpose(1, 2), errors)
        q.scatter_(1, places, rounded.to(torch.int8))
    return q.transpose(1, 2).contiguous()


def gptq_scaled(weight: Tensor, moments: SecondMoments, scale: Tensor, quant_max: int) -> tuple[Tensor, Tensor]:
    """Round by `gptq` in several scales, and take for each row the one that leaves the output's least error.

    A scale of least squared error of the weight knows nothing of the inputs, nor of what later columns take back.

    Args:
        weight, quant_max: as for `gptq`.
        moments: H.
        scale: [groups, rows]; tried with each of FACTORS.

    Returns: [groups, rows, k] int8, and the [groups, rows] scales.
    """
    groups, rows, k = weight.shape
    root = moments.root()
    chosen = torch.zeros(groups, rows, k, dtype=torch.int8)
    scales, least = scale, torch.full_like(scale, torch.inf)
    for factors in torch.tensor(FACTORS).split(max(1, _AT_ONCE // weight.numel())):
        tried = scale.unsqueeze(1) * factors.reshape(1, -1, 1)  # [groups, factors, rows]
        several = weight.repeat(1, len(factors), 1)
        q = gptq(several, root, tried.flatten(1), quant_max)
        errors = moments.quadratic(several - q * tried.flatten(1).unsqueeze(2)).reshape(tried.shape)
        for index, factor in enumerate(factors.tolist()):
            better = (errors[:, index] < least) | (factor == FACTORS[0])
            least = torch.where(better, errors[:, index], least)
            scales = torch.where(better, tried[:, index], scales)
            of_factor = q[:, index * rows : (index + 1) * rows]
            chosen = torch.where(better.unsqueeze(2), of_factor, chosen)
    return chosen, scales
