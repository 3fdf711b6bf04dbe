"""Quantize and dequantize in one go, with a gradient: what training sees of quantization."""

from __future__ import annotations

from typing import Any

import torch

from octavo.numerics.affine import broadcast_qparams, to_steps
from octavo.numerics.qparams import Qparams


class _FakeQuantize(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, scale: torch.Tensor, zero_point: torch.Tensor, quant_min: int, quant_max: int
    ) -> torch.Tensor:
        steps = to_steps(x, scale, zero_point)
        ctx.save_for_backward((steps >= quant_min) & (steps <= quant_max))
        q = steps.clamp(quant_min, quant_max)
        q = torch.where(torch.isnan(q), quant_min, q)
        return ((q - zero_point) * scale).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (inside,) = ctx.saved_tensors
        (grad,) = grad_outputs
        return torch.where(inside, grad, torch.zeros_like(grad)), None, None, None, None


def fake_quantize(x: torch.Tensor, qparams: Qparams) -> torch.Tensor:
    """Round x to the numbers that its 8 bits can stand for: `dequantize(quantize(x))`, equal bit for bit.

    The gradient is straight through inside the range and exactly zero outside of it:

        dy/dx = 1 where quant_min ≤ rne(x · inv) + zero_point ≤ quant_max, else 0

    The edge belongs to the inside up to half a step beyond the outermost integers, where x still rounds to them without
    being clamped; a tie goes where it rounds to. NaN is outside. Scale and zero_point get no gradient.

    Args:
        x: float, any shape, on the device of qparams. bfloat16 and float16 (autocast) are computed in float32, and only
            the answer is rounded to x's dtype.
        qparams: of dtype uint8 or int8, per tensor or per channel.

    Returns: x's dtype and shape.

    Raises:
        ValueError: as `quantize`.

    Reference: Bengio et al., "Estimating or Propagating Gradients Through Stochastic Neurons for Conditional
        Computation", 2013, section 4; Jacob et al., 2018, section 3.
    """
    if qparams.dtype == "int32":
        raise ValueError("fake_quantize: got int32 qparams, expected uint8 or int8")
    scale, zero_point = broadcast_qparams(x, qparams)
    y = _FakeQuantize.apply(x, scale, zero_point, qparams.quant_min, qparams.quant_max)
    assert isinstance(y, torch.Tensor)
    return y
