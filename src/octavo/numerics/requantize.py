"""From an int32 accumulator to the next layer's 8 bits."""

from __future__ import annotations

import torch

INT32_MAX = 2**31 - 1


def requantize_multiplier(
    x_scale: torch.Tensor | float, weight_scale: torch.Tensor | float, y_scale: torch.Tensor | float
) -> torch.Tensor:
    """Return `m = float32(s_x · s_w / s_y)`, computed in float64 and rounded once.

    Args:
        x_scale: [] float32, the input's scale.
        weight_scale: [] or [out_channels] float32; 1 where there is no weight.
        y_scale: [] float32, the output's scale.

    Returns: float32 of weight_scale's shape.

    Raises:
        ValueError: a multiplier is 0, infinite or NaN in float32.
    """
    x, weight, y = (torch.as_tensor(s).float().double() for s in (x_scale, weight_scale, y_scale))
    m = (x * weight / y).float()
    good = torch.isfinite(m) & (m > 0)
    if not bool(good.all()):
        raise ValueError(
            f"multiplier: got {m[~good].flatten()[0].item()} from x_scale {x.tolist()} and y_scale {y.tolist()}, "
            "expected a finite number > 0; remedy: keep this layer in float"
        )
    return m


def requantize(
    accumulator: torch.Tensor,
    multiplier: torch.Tensor,
    zero_point: int,
    quant_min: int,
    quant_max: int,
    ch_axis: int = 1,
) -> torch.Tensor:
    """Scale an accumulator to the output's integers: `y = clamp(rne(float32(acc) · m) + zero_point)`.

    Args:
        accumulator: int32, any shape.
        multiplier: [] or [accumulator.shape[ch_axis]] float32, of `requantize_multiplier`.
        zero_point: the output's, in its dtype's range.
        quant_min: the least integer of the output; a fused ReLU raises it to zero_point.
        quant_max: the greatest integer of the output.
        ch_axis: the axis of the output channels.

    Returns: int32 in [quant_min, quant_max], of the accumulator's shape.

    Raises:
        ValueError: the accumulator is not int32, or the multiplier has another number of channels.
    """
    if accumulator.dtype != torch.int32:
        raise ValueError(f"accumulator is {accumulator.dtype}, expected torch.int32")
    if multiplier.dim():
        if multiplier.numel() != accumulator.shape[ch_axis]:
            raise ValueError(
                f"multiplier has {multiplier.numel()} entries, the accumulator has {accumulator.shape[ch_axis]} "
                f"channels (ch_axis={ch_axis})"
            )
        shape = [1] * accumulator.dim()
        shape[ch_axis] = -1
        multiplier = multiplier.view(shape)
    steps = torch.round(accumulator.float() * multiplier) + zero_point
    return steps.clamp(quant_min, quant_max).to(torch.int32)


def quantize_bias(
    bias: torch.Tensor, x_scale: torch.Tensor | float, weight_scale: torch.Tensor, name: str = "bias"
) -> torch.Tensor:
    """Round a bias to the accumulator's steps: `rne(bias / (s_x · s_w))` in float64.

    Args:
        bias: [out_channels] float32.
        x_scale: [] float32, the input's scale.
        weight_scale: [] or [out_channels] float32.
        name: what an error calls it, such as the layer's name.

    Returns: [out_channels] int32.

    Raises:
        ValueError: an entry is NaN, infinite or leaves int32; `least_weight_scale` tells which weight_scale would do.
    """
    step = torch.as_tensor(x_scale).float().double() * weight_scale.float().double()
    q = torch.round(bias.detach().double() / step)
    bad = ~(q.abs() <= INT32_MAX)
    if bool(bad.any()):
        channel = int(bad.nonzero()[0, 0])
        raise ValueError(
            f"layer '{name}': bias of channel {channel} is {bias[channel].item()}, {q[channel].item():.4g} steps of "
            f"{step.expand_as(q)[channel].item():.4g}; expected at most {INT32_MAX} steps. "
            "Remedy: raise the channel's weight scale to least_weight_scale(bias, x_scale)"
        )
    return q.to(torch.int32)


def least_weight_scale(bias: torch.Tensor, x_scale: torch.Tensor | float) -> torch.Tensor:
    """Return the weight scale below which a channel's bias takes more than half of int32: `|bias| / (s_x · 2³⁰)`.

    A channel whose weights are all but zero (a dead one, its batch norm folded in) has so small a scale that its bias
    overflows. Raised to this scale each of its weights is off by at most half a step, and its product with 255
    steps of the input by less than 2⁻²³ of the bias.

    Args:
        bias: [out_channels] float32.
        x_scale: [] float32, the input's scale.

    Returns: [out_channels] float32, ≥ 0.
    """
    return (bias.detach().double().abs() / (torch.as_tensor(x_scale).float().double() * 2.0**30)).float()


def raise_weight_scale(
    weight: torch.Tensor, weight_scale: torch.Tensor, bias: torch.Tensor, x_scale: torch.Tensor | float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Give the channels whose bias would overflow `least_weight_scale`: `q ← rne(q · s / least)` where least > s.

    Args:
        weight: [out_channels, …] int8.
        weight_scale: [out_channels] float32.
        bias: [out_channels] float32.
        x_scale: [] float32, the input's scale.

    Returns: weight and weight_scale, which are the given ones where no channel needs it.
    """
    least = least_weight_scale(bias, x_scale)
    if not bool((least > weight_scale).any()):
        return weight, weight_scale
    raised = torch.maximum(weight_scale, least)
    factor = (weight_scale.double() / raised.double()).view(-1, *[1] * (weight.dim() - 1))
    return torch.round(weight.double() * factor).to(weight.dtype), raised


# How many output channels are summed at once, which bounds the memory of int64.
_AT_ONCE = 64


def accumulator_bound(
    weight: torch.Tensor, bias: torch.Tensor | None, zero_point: int, quant_min: int = 0, quant_max: int = 255
) -> torch.Tensor:
    """Bound the magnitude of each channel's accumulator: `|bias| + Σ|w| · max(q_max − z_x, z_x − q_min)`.

    Args:
        weight: [out_channels, …] int8.
        bias: [out_channels] int32, or None.
        zero_point: z_x, the input's.
        quant_min: the least integer of the input.
        quant_max: the greatest integer of the input.

    Returns: [out_channels] int64. A layer is exact where this is at most 2³¹ − 1.
    """
    reach = max(quant_max - zero_point, zero_point - quant_min)
    sums = [rows.to(torch.int64).abs().sum(1) for rows in weight.flatten(1).split(_AT_ONCE)]
    bound = torch.cat(sums) * reach
    return bound if bias is None else bound + bias.to(torch.int64).abs()
