"""Linear layers and convolutions of QTensors; output qparams are arguments."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from octavo.nn.qtensor import QTensor
from octavo.nn.quantized.conv import Conv1d, Conv2d, Conv3d
from octavo.nn.quantized.functional.checks import quantized
from octavo.nn.quantized.linear import Linear


def linear(
    input: QTensor, weight: QTensor, bias: Tensor | None = None, scale: float | None = None,
    zero_point: int | None = None,
) -> QTensor:  # fmt: skip
    """Compute `input · weightᵀ + bias`; the weight is packed anew at each call, `Linear` packs it once.

    Args:
        input: [..., in_features].
        weight: [out_features, in_features] int8, symmetric, per tensor or per output channel.
        bias: [out_features] float32, or None.
        scale, zero_point: of the output; None: those of the input.
    """
    x = quantized("linear", input)
    layer = Linear(weight.shape[1], weight.shape[0], bias is not None)
    layer.set_weight_bias(quantized("linear", weight), bias)
    layer.set_output(
        x.q_scale() if scale is None else scale, x.q_zero_point() if zero_point is None else zero_point, x.qdtype
    )
    return layer(x)


def _conv(layer_class: Any, input: QTensor, weight: QTensor, bias: Tensor | None, *rest: Any) -> QTensor:
    stride, padding, dilation, groups, padding_mode, scale, zero_point, dtype = rest
    name = layer_class.__name__.lower()
    kernel = tuple(weight.shape[2:])
    layer = layer_class(
        weight.shape[1] * groups, weight.shape[0], kernel, stride, padding, dilation, groups, bias is not None,
        padding_mode,
    )  # fmt: skip
    layer.set_weight_bias(quantized(name, weight), bias)
    layer.set_output(scale, zero_point, str(dtype).removeprefix("torch.").removeprefix("q"))
    return layer(quantized(name, input))


def conv1d(
    input: QTensor, weight: QTensor, bias: Tensor | None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1, padding_mode: str = "zeros", scale: float = 1.0, zero_point: int = 0, dtype: Any = torch.uint8,
) -> QTensor:  # fmt: skip
    """Convolve [n, in_channels, l]; arguments as those of `F.conv1d`, and scale, zero_point and dtype of the output."""
    return _conv(Conv1d, input, weight, bias, stride, padding, dilation, groups, padding_mode, scale, zero_point, dtype)


def conv2d(
    input: QTensor, weight: QTensor, bias: Tensor | None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1, padding_mode: str = "zeros", scale: float = 1.0, zero_point: int = 0, dtype: Any = torch.uint8,
) -> QTensor:  # fmt: skip
    """Convolve [n, in_channels, h, w]; arguments as those of `F.conv2d`, and scale, zero_point, dtype of the output."""
    return _conv(Conv2d, input, weight, bias, stride, padding, dilation, groups, padding_mode, scale, zero_point, dtype)


def conv3d(
    input: QTensor, weight: QTensor, bias: Tensor | None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1, padding_mode: str = "zeros", scale: float = 1.0, zero_point: int = 0, dtype: Any = torch.uint8,
) -> QTensor:  # fmt: skip
    """Convolve [n, in_channels, d, h, w]; arguments as of `F.conv3d`, and scale, zero_point, dtype of the output."""
    return _conv(Conv3d, input, weight, bias, stride, padding, dilation, groups, padding_mode, scale, zero_point, dtype)
