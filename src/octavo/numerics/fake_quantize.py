"""Quantize and dequantize in one go, with a gradient: what training sees of quantization."""

from __future__ import annotations

from typing import Any

import torch

from octavo.numerics.affine import broadcast_qparams, inverse
from octavo.numerics.qparams import Qparams


class _FakeQuantize(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, scale: torch.Tensor, zero_point: torch.Tensor, quant_min: int, quant_max: int
    ) -> torch.Tensor:
        # In place, because a pass over memory is all that each of these steps costs.
        steps = x.float() * inverse(scale)
        if zero_point.is_floating_point():
            steps.add_(zero_point).round_()
        else:
            steps.round_().add_(zero_point)
        q = steps.clamp(quant_min, quant_max)
        ctx.save_for_backward(q == steps)  # NaN equals nothing: it is outside
        q.nan_to_num_(nan=float(quant_min))
        return q.sub_(zero_point).mul_(scale).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (inside,) = ctx.saved_tensors
        (grad,) = grad_outputs
        return torch.where(inside, grad, 0.0), None, None, None, None


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
    return fake_quantize_affine(
        x, qparams.scale, qparams.zero_point, qparams.quant_min, qparams.quant_max, qparams.ch_axis
    )


def fake_quantize_affine(
    x: torch.Tensor,
    scale: torch.Tensor,
    zero_point: torch.Tensor,
    quant_min: int,
    quant_max: int,
    ch_axis: int | None = None,
) -> torch.Tensor:
    """Do what `fake_quantize` does without looking at the qparams: no device has to wait for the host.

    Args:
        x: float, any shape.
        scale: [] or [x.shape[ch_axis]] float32, > 0.
        zero_point: of scale's shape, int32, or float32 for a real one.
        quant_min, quant_max: the least and the greatest integer.
        ch_axis: the axis that scale runs along; None per tensor.

    Returns: x's dtype and shape.

    Raises:
        ValueError: x is not float, or has another number of channels than the scale has entries.
    """
    if not x.is_floating_point():
        raise ValueError(f"x is {x.dtype}, expected a float dtype")
    scale, zero_point = broadcast_qparams(x, scale, zero_point, ch_axis)
    y = _FakeQuantize.apply(x, scale, zero_point, quant_min, quant_max)
    assert isinstance(y, torch.Tensor)
    return y
