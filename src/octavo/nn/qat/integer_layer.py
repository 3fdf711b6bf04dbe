"""A layer in training for 8 bits, evaluated as the converted one computes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from octavo.numerics import (
    Qparams,
    accumulator_bound,
    quantize,
    quantize_bias,
    raise_weight_scale,
    requantize,
    requantize_multiplier,
)

_EXACT_IN_FLOAT32 = 2**24


def integer_layer(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    layer: Callable[..., Tensor],
    x: Qparams,
    w: Qparams,
    y: Qparams,
    rectified: bool,
    ch_axis: int,
    name: str,
) -> Tensor:
    """Compute `y = s_y · (sat(rne(float32(Σ (q_x − z_x) · q_w + q_b) · m)))`, without a gradient.

    The sum is one of whole numbers held by floats, wide enough that none of them is rounded.

    Args:
        input: float32, of what x can stand for.
        weight: [out_channels, …] float32, not rounded.
        bias: [out_channels] float32, or None.
        layer: (input, weight) → output without bias.
        x, w, y: qparams of input, weight and output.
        rectified: whether a ReLU follows.
        ch_axis: the axis of the output's channels.
        name: of the layer; errors name it.

    Returns: float32, of what y can stand for.

    Reference: Jacob et al. 2018, arXiv:1712.05877, equation 7.
    """
    q_weight = quantize(weight.float(), w).clamp(min=-127)
    scale = w.scale.expand(len(weight)).contiguous()
    real_bias = torch.zeros_like(scale) if bias is None else bias.float()
    q_weight, scale = raise_weight_scale(q_weight, scale, real_bias, x.scale)
    q_bias = quantize_bias(real_bias, x.scale, scale, name)
    zero_point = int(x.zero_point)
    bound = int(accumulator_bound(q_weight, None, zero_point, x.quant_min, x.quant_max).max())
    wide = torch.float32 if bound < _EXACT_IN_FLOAT32 else torch.float64
    steps = quantize(input, x).to(wide) - zero_point
    with torch.autocast(input.device.type, enabled=False):
        sums = layer(steps, q_weight.to(wide)).to(torch.int32)
    sums += _along(q_bias, sums, ch_axis)
    y_zero = int(y.zero_point)
    low = max(y.quant_min, y_zero) if rectified else y.quant_min
    q = requantize(sums, requantize_multiplier(x.scale, scale, y.scale), y_zero, low, y.quant_max, ch_axis)
    return (q - y_zero).float() * y.scale


def _along(values: Tensor, like: Any, axis: int) -> Tensor:
    shape = [1] * like.dim()
    shape[axis] = -1
    return values.view(shape)
