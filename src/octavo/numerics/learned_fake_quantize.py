"""Fake quantization that learns its scale and zero_point."""

from __future__ import annotations

import math
from typing import Any

import torch

from octavo.numerics.affine import broadcast_qparams, inverse


class _LearnedFakeQuantize(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, scale: torch.Tensor, zero_point: torch.Tensor, limits: tuple[int, int], factor: float
    ) -> torch.Tensor:
        low, high = limits
        zero = zero_point.detach().round().clamp(low, high)
        u = x.float() * inverse(scale)
        q = u.round().add_(zero).clamp_(low, high).nan_to_num_(nan=float(low))
        ctx.save_for_backward(u, q, zero, scale)
        ctx.limits, ctx.factor = limits, factor
        return ((q - zero) * scale).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        u, q, zero, scale = ctx.saved_tensors
        (grad,) = grad_outputs
        low, high = ctx.limits
        inside = (u > low - zero) & (u < high - zero)
        grad_x = torch.where(inside, grad, 0.0) if ctx.needs_input_grad[0] else None
        grad_scale, grad_zero = None, None
        wide = grad.float() * ctx.factor
        if ctx.needs_input_grad[1]:
            grad_scale = (wide * ((q - zero) - torch.where(inside, u, 0.0))).sum_to_size(scale.shape)
        if ctx.needs_input_grad[2]:
            grad_zero = torch.where(inside, 0.0, -wide * scale).sum_to_size(scale.shape)
        return grad_x, grad_scale, grad_zero, None, None


def learned_fake_quantize(
    x: torch.Tensor,
    scale: torch.Tensor,
    zero_point: torch.Tensor,
    quant_min: int,
    quant_max: int,
    ch_axis: int | None = None,
    levels: int | None = None,
) -> torch.Tensor:
    """Fake-quantize x with gradients for scale and zero_point; the answer is that of `fake_quantize`, bit for bit.

    With u = x / s, z the zero_point rounded to an integer, n = quant_min − z, p = quant_max − z, y = s · q̄ where
    q̄ = clamp(rne(u), n, p), and g = 1 / √(N · levels), N elements to a scale:

        ∂y/∂x = 1                  where n < u < p, else 0
        ∂y/∂s = g · (q̄ − u)        where n < u < p, else g · q̄ (n or p)
        ∂y/∂z = 0                  where n < u < p, else −g · s

    The inside ends at the outermost integers, half a step earlier than in `fake_quantize`: so the paper has it.

    Args:
        x: float, any shape.
        scale: [] or [x.shape[ch_axis]] float32, > 0.
        zero_point: of scale's shape, float32; used rounded and clamped to [quant_min, quant_max], straight through.
        quant_min, quant_max: the least and the greatest integer.
        ch_axis: the axis that scale runs along; None per tensor.
        levels: Q_P, how many integers lie above real 0; None for g = 1.

    Returns: x's dtype and shape.

    Raises:
        ValueError: x is not float, or has another number of channels than the scale has entries.

    Reference: Esser et al., "Learned Step Size Quantization", 2020, arXiv:1902.08153, equations 3 and 5 and section
        2.2; Bhalgat et al., "LSQ+", 2020, arXiv:2004.09576, section 3.1, with its offset β = −s · z kept at a whole
        number of steps, so that real 0 stays exact.
    """
    if not x.is_floating_point():
        raise ValueError(f"x is {x.dtype}, expected a float dtype")
    elements = x.numel() / max(scale.numel(), 1)
    factor = 1.0 if levels is None else 1.0 / math.sqrt(max(elements, 1.0) * levels)
    scale, zero_point = broadcast_qparams(x, scale, zero_point, ch_axis)
    y = _LearnedFakeQuantize.apply(x, scale, zero_point, (quant_min, quant_max), factor)
    assert isinstance(y, torch.Tensor)
    return y
