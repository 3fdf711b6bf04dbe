"""The affine map between real numbers and integers: `real = scale · (q − zero_point)`."""

from __future__ import annotations

import torch

from octavo.numerics.dtypes import TORCH_DTYPES
from octavo.numerics.qparams import Qparams
from octavo.numerics.rounding import Rounding, round_to_integer


def quantize(
    x: torch.Tensor,
    qparams: Qparams,
    rounding: Rounding = "nearest_even",
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Map real numbers to integers: `q = clamp(round(x · inv) + zero_point, quant_min, quant_max)`.

    `inv = float32(1 / float64(scale))`; each operation is one float32 step. NaN gives quant_min. With the default
    rounding these are the integers of a program's `quantize`, bit for bit. A real zero_point is added before rounding.

    Args:
        x: float, any shape; with per-channel qparams `x.shape[ch_axis]` is the number of scales.
        qparams: of dtype uint8 or int8.
        rounding: see `round_to_integer`.
        generator: for stochastic rounding.

    Returns: integers of qparams.dtype and x's shape.

    Raises:
        ValueError: x is not float, its channels do not fit, or qparams are int32 (`quantize_bias` makes those).
    """
    if qparams.dtype == "int32":
        raise ValueError("quantize: got int32 qparams, expected uint8 or int8; remedy: quantize_bias")
    scale, zero_point = broadcast_qparams(x, qparams.scale, qparams.zero_point, qparams.ch_axis)
    steps = to_steps(x, scale, zero_point, rounding, generator)
    q = steps.clamp_(qparams.quant_min, qparams.quant_max).nan_to_num_(nan=qparams.quant_min)
    return q.to(TORCH_DTYPES[qparams.dtype])


def dequantize(q: torch.Tensor, qparams: Qparams) -> torch.Tensor:
    """Map integers to the real numbers that they stand for: `x = float32(q − zero_point) · scale`.

    Args:
        q: integers of qparams.dtype; with per-channel qparams `q.shape[ch_axis]` is the number of scales.
        qparams: what the integers mean.

    Returns: float32 of q's shape.

    Raises:
        ValueError: q's dtype or channels do not fit.
    """
    if q.dtype != TORCH_DTYPES[qparams.dtype]:
        raise ValueError(f"dequantize: q is {q.dtype}, expected {TORCH_DTYPES[qparams.dtype]}")
    scale, zero_point = broadcast_qparams(q, qparams.scale, qparams.zero_point, qparams.ch_axis)
    # A difference of 8 bits is exact in float32.
    real = (q - zero_point).float() if qparams.dtype == "int32" else q.float().sub_(zero_point)
    return real.mul_(scale)


def to_steps(
    x: torch.Tensor,
    scale: torch.Tensor,
    zero_point: torch.Tensor,
    rounding: Rounding = "nearest_even",
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Map real numbers to whole numbers of steps, not yet clamped: `round(x · inv) + zero_point` in float32.

    A zero_point that is a real number is added before rounding.
    """
    if not x.is_floating_point():
        raise ValueError(f"x is {x.dtype}, expected a float dtype")
    steps = x.float() * inverse(scale)
    if zero_point.is_floating_point():
        return round_to_integer(steps + zero_point, rounding, generator)
    return round_to_integer(steps, rounding, generator).add_(zero_point)


def inverse(scale: torch.Tensor) -> torch.Tensor:
    """Return `float32(1 / float64(scale))`, which may differ by a bit from a division in float32."""
    return (1.0 / scale.double()).float()


def broadcast_qparams(
    x: torch.Tensor, scale: torch.Tensor, zero_point: torch.Tensor, ch_axis: int | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return scale and zero_point shaped to broadcast against x.

    Raises:
        ValueError: x has another number of channels than the scale has entries.
    """
    if ch_axis is None:
        return scale, zero_point
    channels = x.shape[ch_axis] if -x.dim() <= ch_axis < x.dim() else None
    if channels != scale.numel():
        raise ValueError(
            f"scale has {scale.numel()} entries, the tensor of shape {tuple(x.shape)} has "
            f"{'no such axis' if channels is None else f'{channels} channels'} (ch_axis={ch_axis})"
        )
    shape = [1] * x.dim()
    shape[ch_axis] = -1
    return scale.view(shape), zero_point.view(shape)
