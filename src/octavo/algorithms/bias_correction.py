"""Undo the shift of a layer's mean output that rounding its weights causes."""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor

from octavo.graph.ir import Node
from octavo.graph.transposed import by_output_channel

# How many output channels are looked at at once, which bounds the memory of float64.
_AT_ONCE = 64


def bias_shift(node: Node, rounded: Tensor, mean: Tensor) -> Tensor:
    """Return what to add to a layer's bias: `(W − Ŵ) · E[x]`.

    Rounding errors of a channel's weights do not cancel where the inputs have means of their own, as they do after a
    ReLU. The mean is that of the inputs in float: by how much the layers before shift it depends on the sample, and
    with few samples to go by (crops of ten photographs, EfficientNet-Lite0) taking that back as well costs 2 dB.
    Padding is not counted. An output of a transposed convolution sees one tap in as many as its strides multiply to.

    Args:
        node: a `conv`, `conv_transpose` or `linear`.
        rounded: Ŵ, of the weight's shape.
        mean: E[x], [in_channels].

    Returns: [out_channels] float64.

    Reference: Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction, ICCV 2019, section
    4.2, equation 15, with the empirical means of appendix D.
    """
    error = by_output_channel(node, node.constants["weight"].detach() - rounded)
    groups, channels = node.attributes.get("groups", 1), error.shape[0]
    per_group = mean.double().reshape(groups, -1)  # [groups, in / groups]
    group = torch.arange(channels) // (channels // groups)
    shift = torch.cat(
        [
            (rows.double().reshape(*rows.shape[:2], -1).sum(-1) * per_group[of]).sum(-1)
            for rows, of in zip(error.split(_AT_ONCE), group.split(_AT_ONCE), strict=True)
        ]
    )
    return shift / prod(node.attributes["stride"]) if node.type == "conv_transpose" else shift


def channel_axis(node: Node) -> int:
    """Return the axis of the channels of a layer's input and output: the last of a linear layer's, else the second."""
    return -1 if node.type == "linear" else 1


def corrected(node: Node, shift: Tensor) -> Tensor:
    """Return the bias of a layer with a shift added, float32."""
    bias = node.constants.get("bias")
    return (shift if bias is None else bias.detach().double() + shift).to(torch.float32)
