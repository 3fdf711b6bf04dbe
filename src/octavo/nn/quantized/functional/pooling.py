"""Pooling and resizing of QTensors; they keep the qparams of their input."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F

from octavo.nn.qtensor import QTensor
from octavo.nn.quantized.functional.checks import quantized


def avg_pool2d(
    input: QTensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Any:  # fmt: skip
    """Average windows of [n, c, h, w]; the input's qparams stay."""
    x = quantized("avg_pool2d", input)
    return F.avg_pool2d(x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def avg_pool3d(
    input: QTensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Any:  # fmt: skip
    """Average windows of [n, c, d, h, w]; the input's qparams stay."""
    x = quantized("avg_pool3d", input)
    return F.avg_pool3d(x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def adaptive_avg_pool2d(input: QTensor, output_size: Any) -> Any:
    """Average so many windows of [n, c, h, w]; the input's qparams stay."""
    return F.adaptive_avg_pool2d(quantized("adaptive_avg_pool2d", input), output_size)


def adaptive_avg_pool3d(input: QTensor, output_size: Any) -> Any:
    """Average so many windows of [n, c, d, h, w]; the input's qparams stay."""
    return F.adaptive_avg_pool3d(quantized("adaptive_avg_pool3d", input), output_size)


def max_pool1d(
    input: QTensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:  # fmt: skip
    """Take the maximum of windows of [n, c, l]; the input's qparams stay."""
    x = quantized("max_pool1d", input)
    return F.max_pool1d(x, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    input: QTensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:  # fmt: skip
    """Take the maximum of windows of [n, c, h, w]; the input's qparams stay."""
    x = quantized("max_pool2d", input)
    return F.max_pool2d(x, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def interpolate(
    input: QTensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None
) -> Any:
    """Resize as `F.interpolate`; the input's qparams stay."""
    return F.interpolate(quantized("interpolate", input), size, scale_factor, mode, align_corners)


def upsample(
    input: QTensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None
) -> Any:
    """Resize: `interpolate` by its old name."""
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_bilinear(input: QTensor, size: Any = None, scale_factor: Any = None) -> Any:
    """Resize [n, c, h, w] by bilinear blends, corners aligned."""
    return interpolate(input, size, scale_factor, "bilinear", True)


def upsample_nearest(input: QTensor, size: Any = None, scale_factor: Any = None) -> Any:
    """Resize by repeating the nearest element."""
    return interpolate(input, size, scale_factor, "nearest")
