"""Layers that normalize: batch norm, layer norm, group norm, instance norm."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import torch

from octavo.graph.lowering.builder import Builder
from octavo.graph.lowering.registry import Unsupported, Value, lowers
from octavo.numerics import batch_norm_affine

Weight = torch.Tensor | None


@lowers("batch_norm", "_native_batch_norm_legit_no_training", "cudnn_batch_norm")
def batch_norm(
    b: Builder,
    x: Value,
    weight: Weight,
    bias: Weight,
    mean: Weight,
    variance: Weight,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
    cudnn_enabled: bool = False,
) -> Value:
    """Lower batch norm in inference: `y = x · scale + shift` for each channel.

    `scale = weight / sqrt(variance + eps)`, `shift = bias − mean · scale`, in float64.
    """
    if training or mean is None or variance is None:
        raise Unsupported("batch norm has no running statistics", "build it with track_running_stats=True")
    scale, shift = batch_norm_affine(mean, variance, weight, bias, eps)
    view = (1, -1, *([1] * (len(b.shape(x)) - 2)))
    constants = {"scale": scale.view(view), "shift": shift.view(view)}
    if not b.training:
        return b.emit("affine", (x,), None, {}, constants)
    given = {"gamma": weight, "beta": bias, "running_mean": mean, "running_var": variance}
    constants |= {role: tensor for role, tensor in given.items() if tensor is not None}
    return b.emit("affine", (x,), None, {"norm": {"eps": eps, "momentum": momentum, "alone": False}}, constants)


@lowers("layer_norm")
def layer_norm(
    b: Builder, x: Value, normalized: Sequence[int], weight: Weight = None, bias: Weight = None, eps: float = 1e-5,
    cudnn_enable: bool = True,
) -> Value:  # fmt: skip
    """Lower layer norm over the last axes."""
    _require_eps(eps)
    if len(normalized) > 5:
        raise Unsupported(f"it normalizes {len(normalized)} axes", "normalize at most 5")
    attributes = {"axes": len(normalized), "eps": float(eps)}
    return b.emit("layer_norm", (x,), b.shape(x), attributes, _line(prod(normalized), weight, bias))


@lowers("native_layer_norm")
def native_layer_norm(
    b: Builder, x: Value, normalized: Sequence[int], weight: Weight, bias: Weight, eps: float
) -> list[Value]:
    """Lower layer norm as the first of its three results; mean and deviation are of use in training alone."""
    return [layer_norm(b, x, normalized, weight, bias, eps)]


@lowers("group_norm")
def group_norm(
    b: Builder, x: Value, groups: int, weight: Weight = None, bias: Weight = None, eps: float = 1e-5,
    cudnn_enabled: bool = True,
) -> Value:  # fmt: skip
    """Lower group norm."""
    _require_eps(eps)
    attributes = {"groups": groups, "eps": float(eps)}
    return b.emit("group_norm", (x,), b.shape(x), attributes, _line(_channels(b, x), weight, bias))


@lowers("native_group_norm", sizes=True)
def native_group_norm(
    b: Builder, x: Value, weight: Weight, bias: Weight, batch: object, channels: int, elements: object, groups: int,
    eps: float,
) -> list[Value]:  # fmt: skip
    """Lower group norm as the first of its three results."""
    return [group_norm(b, x, groups, weight, bias, eps)]


@lowers("instance_norm")
def instance_norm(
    b: Builder, x: Value, weight: Weight, bias: Weight, mean: Weight, variance: Weight, use_input_stats: bool,
    momentum: float, eps: float, cudnn_enabled: bool = True,
) -> Value:  # fmt: skip
    """Lower instance norm: a group norm of one channel a group, or a batch norm where it has running statistics."""
    if not use_input_stats:
        return batch_norm(b, x, weight, bias, mean, variance, eps=eps)
    return group_norm(b, x, _channels(b, x), weight, bias, eps)


def _channels(b: Builder, x: Value) -> int:
    shape = b.shape(x)
    if not 2 <= len(shape) <= 5 or not isinstance(shape[1], int):
        raise Unsupported(
            f"its input has the shape {list(shape)}, not [n, c, ...] of 2 to 5 axes with a fixed number of channels",
            "fix the channels with dynamic_shapes",
        )
    return shape[1]


def _require_eps(eps: float) -> None:
    if eps <= 0:
        raise Unsupported(f"its eps is {eps}", "use an eps above 0")


def _line(count: int, weight: Any, bias: Any) -> dict[str, torch.Tensor]:
    if isinstance(weight, Value) or isinstance(bias, Value):
        raise Unsupported("its weight depends on the input", "make the weight a parameter or buffer of the module")
    return {
        "weight": torch.ones(count) if weight is None else weight.reshape(-1),
        "bias": torch.zeros(count) if bias is None else bias.reshape(-1),
    }
