"""Undo the shift of a layer's mean output that quantization causes."""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor

from octavo.graph.ir import Node
from octavo.graph.transposed import by_output_channel


def bias_shift(node: Node, rounded: Tensor, mean: Tensor, rounded_mean: Tensor) -> Tensor:
    """Return what to add to a layer's bias: `E[W x] − E[Ŵ x̂]`.

    Rounding errors of a channel's weights do not cancel where the inputs have means of their own, as they do after a
    ReLU, and what comes before the layer shifts its inputs as well. Padding is not counted. An output of a transposed
    convolution sees one tap in as many as its strides multiply to.

    Args:
        node: a `conv`, `conv_transpose` or `linear`.
        rounded: Ŵ, of the weight's shape.
        mean: E[x], [in_channels].
        rounded_mean: E[x̂], [in_channels].

    Returns: [out_channels] float64.

    Reference: Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction, ICCV 2019, section
    4.2, equation 15, with the empirical means of appendix D, layer after layer on what is quantized already.
    """
    shift = _mean_output(node, node.constants["weight"], mean) - _mean_output(node, rounded, rounded_mean)
    return shift / prod(node.attributes["stride"]) if node.type == "conv_transpose" else shift


def _mean_output(node: Node, weight: Tensor, mean: Tensor) -> Tensor:
    rows = by_output_channel(node, weight.detach()).double()
    groups, channels = node.attributes.get("groups", 1), rows.shape[0]
    per_group = mean.double().reshape(groups, -1).repeat_interleave(channels // groups, 0)  # [out, in / groups]
    return (rows.reshape(*per_group.shape, -1).sum(-1) * per_group).sum(-1)


def channel_axis(node: Node) -> int:
    """Return the axis of the channels of a layer's input and output: the last of a linear layer's, else the second."""
    return -1 if node.type == "linear" else 1


def corrected(node: Node, shift: Tensor) -> Tensor:
    """Return the bias of a layer with a shift added, float32."""
    bias = node.constants.get("bias")
    return (shift if bias is None else bias.detach().double() + shift).to(torch.float32)
