"""Fold batch norm, and every other constant factor and term of a channel, into the layer before it."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from octavo.graph.constants import Computed, held_in
from octavo.graph.ir import Graph, Node
from octavo.graph.passes.rewriter import Rewriter
from octavo.graph.transposed import by_output_channel, out_channels
from octavo.numerics import fold_bias, scale_rows

NORM = "norm"
"""Attribute of a layer or affine with a batch norm that is trained: its eps and momentum."""

_STATE = ("gamma", "beta", "running_mean", "running_var")
_FOLDED = ("conv", "conv_transpose", "linear", "affine")


def fold_batch_norm(graph: Graph) -> Graph:
    """Fold `affine` into the convolution, linear layer or affine that alone feeds it.

    `scale · (w·x + b) + shift = (scale·w)·x + (scale·b + shift)` for each output channel, in float64. The weight is
    folded anew whenever it is read, so that only the model's own takes memory. A batch norm that is trained joins its
    layer, but is not computed yet.

    Reference: Jacob et al. 2018, arXiv:1712.05877, section 3.2, equation 14.
    """
    walk = Rewriter(graph)
    for original in graph.nodes:
        node = walk.resolve(original)
        layer = walk.sole(node.inputs[0], *_FOLDED) if node.type == "affine" else None
        merged = None if layer is None else _fold(layer, node)
        if layer is None or merged is None:
            walk.add(node)
        else:
            walk.merge(merged, layer, node)
    return walk.finish()


def _fold(layer: Node, affine: Node) -> Node | None:
    if NORM in affine.attributes or NORM in layer.attributes:
        return _join(layer, affine)
    scale, shift = affine.constants["scale"].double(), affine.constants["shift"].double()
    if layer.type == "affine":
        constants = {"scale": layer.constants["scale"] * scale, "shift": layer.constants["shift"] * scale + shift}
        return replace(layer, constants=dict(zip(constants, torch.broadcast_tensors(*constants.values()), strict=True)))
    if "clamp" in layer.attributes or len(layer.inputs) > 1:
        return None
    channel_axis = len(layer.shape) - 1 if layer.type == "linear" else 1
    factors, terms = (channel_vector(t, channel_axis, out_channels(layer)) for t in (scale, shift))
    if factors is None or terms is None:
        return None
    return scaled(layer, factors).with_constants(bias=fold_bias(layer.constants.get("bias"), factors, terms))


def scaled(layer: Node, factors: Tensor) -> Node:
    """Return a layer whose weight is that of another times a factor for each output channel, computed when it is read.

    Args:
        layer: a `conv`, `conv_transpose` or `linear`.
        factors: [out_channels].
    """

    def make(weight: Tensor) -> Tensor:
        return by_output_channel(layer, scale_rows(by_output_channel(layer, weight.detach()), factors))

    weight = held_in(layer.constants)["weight"]
    return layer.with_constants(weight=Computed(make, (weight,), weight.shape))


def _join(layer: Node, norm: Node) -> Node | None:
    if layer.type not in ("conv", "linear") or {"clamp", NORM} & layer.attributes.keys() or len(layer.inputs) > 1:
        return None
    if NORM not in norm.attributes or (layer.type == "linear" and len(layer.shape) != 2):
        return None
    state = {role: norm.constants[role] for role in _STATE if role in norm.constants}
    return replace(layer.with_attributes(norm=norm.attributes[NORM]), constants={**layer.constants, **state})


def channel_vector(constant: Tensor, channel_axis: int, channels: int) -> Tensor | None:
    """Return a constant as one number for each channel; None where it varies along another axis."""
    if constant.numel() == 1:
        return constant.reshape(1).expand(channels)
    if constant.numel() == channels and constant.shape[channel_axis] == channels:
        return constant.reshape(channels)
    return None
