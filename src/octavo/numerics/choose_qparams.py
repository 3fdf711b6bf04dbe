"""From a range of real numbers to the qparams that cover it."""

from __future__ import annotations

import torch

from octavo.numerics.dtypes import dtype_name, dtype_range
from octavo.numerics.qparams import Qparams, check_quant_range, symmetric_zero_point
from octavo.numerics.qscheme import Qscheme, has_float_zero_point, is_per_channel, is_symmetric, qscheme_name

DEFAULT_EPS = 2.0**-63
"""The least scale: the product of two such scales is still a normal float32."""


def default_quant_range(dtype: str | torch.dtype, qscheme: str | torch.qscheme) -> tuple[int, int]:
    """Return the integers that a scheme uses: all of the dtype, but [−127, 127] for symmetric int8."""
    low, high = dtype_range(dtype)
    if low < 0 and is_symmetric(qscheme_name(qscheme)):
        return -high, high
    return low, high


def choose_qparams(
    min_val: torch.Tensor | float,
    max_val: torch.Tensor | float,
    dtype: str | torch.dtype = "uint8",
    qscheme: str | torch.qscheme = "per_tensor_affine",
    quant_min: int | None = None,
    quant_max: int | None = None,
    eps: float = DEFAULT_EPS,
    ch_axis: int | None = None,
) -> Qparams:
    """Choose scale and zero_point so that [min, max] is covered and real 0 is exact.

    The range is first widened to hold 0: `min ← min(min, 0)`, `max ← max(max, 0)`. Then, in float64 and rounded to
    float32 once,

        affine:     scale = (max − min) / (quant_max − quant_min),  zero_point = clamp(rne(quant_min − min / scale))
        symmetric:  scale = max(−min, max) / (quant_max − z),       zero_point = z = (quant_min + quant_max + 1) // 2

    A range that is nothing but 0 (an all-zero channel) gets scale 1: every integer but zero_point would stand for a
    number that was never seen, and a scale of 0 would divide by zero.

    With a real zero_point the range is not widened, and a channel of one value alone is exact:

        scale = (max − min) / (quant_max − quant_min), but 1 where that is ≤ eps,  zero_point = quant_min − min / scale

    Args:
        min_val: [] or [channels], finite.
        max_val: of min_val's shape, finite, ≥ min_val.
        dtype: `"uint8"`, `"int8"` or `"int32"`, or the torch dtype.
        qscheme: the scheme's name, or the torch object of that name.
        quant_min: the least integer to use; default `default_quant_range`.
        quant_max: the greatest integer to use.
        eps: the least scale, > 0; a range narrower than it uses only part of the integers.
        ch_axis: the axis of the channels; per channel alone, default 0.

    Returns: the qparams, on min_val's device.

    Raises:
        ValueError: a bound is NaN or infinite, min > max, or the integers do not fit the dtype.

    Reference: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
        Inference", 2018, section 3, equations 12 and 13.
    """
    name, scheme = dtype_name(dtype), qscheme_name(qscheme)
    low, high = default_quant_range(name, scheme)
    low, high = low if quant_min is None else quant_min, high if quant_max is None else quant_max
    check_quant_range(name, low, high)
    minimum, maximum = _bounds(min_val, max_val)
    scale, zero_point = affine_qparams(minimum, maximum, scheme, low, high, eps)
    axis = (0 if ch_axis is None else ch_axis) if is_per_channel(scheme) else None
    return Qparams(scale, zero_point, low, high, name, scheme, axis)


def affine_qparams(
    min_val: torch.Tensor, max_val: torch.Tensor, qscheme: Qscheme, quant_min: int, quant_max: int, eps: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Compute what `choose_qparams` returns without looking at the numbers: no device has to wait for the host.

    Args:
        min_val, max_val: any shape, finite, min_val ≤ max_val; anything else gives numbers without meaning.
        qscheme, quant_min, quant_max, eps: as for `choose_qparams`.

    Returns: (scale float32, zero_point int32, or float32 for a real one) of min_val's shape.
    """
    minimum, maximum = min_val.double(), max_val.double()
    if has_float_zero_point(qscheme):
        scale = (maximum - minimum) / (quant_max - quant_min)
        scale = torch.where(scale > eps, scale, torch.ones_like(scale)).float()
        return scale, (quant_min - minimum / scale.double()).float()
    minimum, maximum = minimum.clamp(max=0.0), maximum.clamp(min=0.0)
    middle = symmetric_zero_point(quant_min, quant_max)
    if is_symmetric(qscheme):
        scale = torch.maximum(-minimum, maximum) / (quant_max - middle)
    else:
        scale = (maximum - minimum) / (quant_max - quant_min)
    scale = torch.where(maximum == minimum, torch.ones_like(scale), scale.clamp(min=eps)).float()
    if is_symmetric(qscheme):
        return scale, torch.full_like(scale, middle, dtype=torch.int32)
    zero_point = torch.round(quant_min - minimum / scale.double()).clamp(quant_min, quant_max)
    return scale, zero_point.to(torch.int32)


def _bounds(min_val: torch.Tensor | float, max_val: torch.Tensor | float) -> tuple[torch.Tensor, torch.Tensor]:
    """Check a range; return it in float64."""
    minimum = torch.as_tensor(min_val, dtype=torch.float64).detach()
    maximum = torch.as_tensor(max_val, dtype=torch.float64).detach()
    if minimum.shape != maximum.shape:
        raise ValueError(
            f"min_val has shape {tuple(minimum.shape)}, max_val {tuple(maximum.shape)}; expected equal shapes"
        )
    good = torch.isfinite(minimum) & torch.isfinite(maximum) & (minimum <= maximum)
    if not bool(good.all()):
        first = (~good).nonzero()[0]
        where = f" of channel {int(first[0])}" if minimum.dim() else ""
        got = f"[{minimum[tuple(first)].item()}, {maximum[tuple(first)].item()}]"
        raise ValueError(f"range{where}: got {got}, expected finite bounds with min_val <= max_val")
    return minimum, maximum
