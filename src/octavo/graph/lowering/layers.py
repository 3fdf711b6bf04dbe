"""Layers with weights: convolution, linear."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from octavo.graph.lowering.arithmetic import scaled
from octavo.graph.lowering.attention import product
from octavo.graph.lowering.builder import Builder
from octavo.graph.lowering.masks import combine
from octavo.graph.lowering.operands import value_of
from octavo.graph.lowering.registry import Unsupported, Value, lowers

_CONSTANT_WEIGHT = "make the weight a parameter or buffer of the module"


def per_axis(value: Any, axes: int) -> list[int]:
    """Spell an argument that PyTorch lets be one number out for each spatial axis."""
    values = [value] if isinstance(value, int) else [int(v) for v in value]
    return values * axes if len(values) == 1 else values


def symmetric(padding: Sequence[int]) -> list[list[int]]:
    """Turn PyTorch's one padding for both ends of an axis into `[before, after]`."""
    return [[p, p] for p in padding]


@lowers("conv1d", "conv2d", "conv3d")
def conv(
    b: Builder,
    x: Value,
    weight: Any,
    bias: torch.Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Value:
    """Lower a 1d, 2d or 3d convolution; `padding` may be 'same' or 'valid'."""
    axes = _convolved_axes(b, x, weight, bias)
    dilations = per_axis(dilation, axes)
    if padding == "valid":
        pads = symmetric([0] * axes)
    elif padding == "same":
        totals = [d * (k - 1) for d, k in zip(dilations, weight.shape[2:], strict=True)]
        pads = [[total // 2, total - total // 2] for total in totals]
    else:
        pads = symmetric(per_axis(padding, axes))
    attributes = {"stride": per_axis(stride, axes), "padding": pads, "dilation": dilations, "groups": groups}
    return b.emit("conv", (x,), None, attributes, _weights(weight, bias))


@lowers("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def conv_transpose(
    b: Builder,
    x: Value,
    weight: Any,
    bias: torch.Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Value:
    """Lower a 1d, 2d or 3d transposed convolution."""
    axes = _convolved_axes(b, x, weight, bias)
    attributes = {
        "stride": per_axis(stride, axes),
        "padding": symmetric(per_axis(padding, axes)),
        "output_padding": per_axis(output_padding, axes),
        "dilation": per_axis(dilation, axes),
        "groups": groups,
    }
    return b.emit("conv_transpose", (x,), None, attributes, _weights(weight, bias))


@lowers("convolution")
def convolution(
    b: Builder,
    x: Value,
    weight: Any,
    bias: torch.Tensor | None,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
) -> Value:
    """Lower the general convolution."""
    if transposed:
        return conv_transpose(b, x, weight, bias, stride, padding, output_padding, groups, dilation)
    return conv(b, x, weight, bias, stride, padding, dilation, groups)


@lowers("linear")
def linear(b: Builder, x: Value, weight: Any, bias: torch.Tensor | None = None) -> Value:
    """Lower `x · weightᵀ + bias`."""
    _require_constant(weight, bias)
    if weight.dim() != 2:
        raise Unsupported(f"its weight has {weight.dim()} dimensions, not 2")
    return b.emit("linear", (x,), None, {}, _weights(weight, bias))


@lowers("matmul", "mm", "bmm")
def matmul(b: Builder, x: Any, other: Any) -> Value:
    """Lower `x @ weight` for a constant matrix as a linear layer, else the product of two values."""
    if isinstance(x, Value) and isinstance(other, torch.Tensor) and other.dim() == 2:
        return linear(b, x, other.t())
    return product(b, x, other)


@lowers("addmm")
def addmm(b: Builder, bias: Any, x: Any, other: Any, *, beta: float = 1, alpha: float = 1) -> Value:
    """Lower `beta · bias + alpha · x @ weight` for a constant bias and matrix."""
    if not isinstance(x, Value) or not isinstance(other, torch.Tensor) or not isinstance(bias, torch.Tensor):
        raise Unsupported("its matrix or its bias depends on the input", _CONSTANT_WEIGHT)
    return linear(b, x, other.t() * alpha, (bias * beta).expand(other.shape[1]))


@lowers("baddbmm")
def baddbmm(b: Builder, term: Any, x: Any, other: Any, *, beta: float = 1, alpha: float = 1) -> Value:
    """Lower `beta · term + alpha · x @ other`."""
    y, term = product(b, x, other), value_of(b, term)
    y = y if alpha == 1 else scaled(b, y, float(alpha))
    if beta == 0:
        return y
    return combine(b, "add", term if beta == 1 else scaled(b, term, float(beta)), y)


def _convolved_axes(b: Builder, x: Value, weight: Any, bias: Any) -> int:
    """Check a convolution's operands and return over how many axes it goes."""
    _require_constant(weight, bias)
    axes = weight.dim() - 2
    if len(b.shape(x)) == axes + 1:
        raise Unsupported("its input has no batch dimension", "call the model on batches")
    return axes


def _require_constant(weight: Any, bias: Any) -> None:
    if not isinstance(weight, torch.Tensor) or isinstance(bias, Value):
        raise Unsupported("its weight depends on the input", _CONSTANT_WEIGHT)
    if weight.dtype != torch.float32:
        raise Unsupported(f"its weight is {weight.dtype}, not float32", "call model.float() first")


def _weights(weight: torch.Tensor, bias: torch.Tensor | None) -> dict[str, torch.Tensor]:
    return {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
