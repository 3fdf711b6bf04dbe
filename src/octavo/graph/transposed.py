"""The weight of a transposed convolution, `[ic, oc/groups, …]`, seen as that of any other layer."""

from __future__ import annotations

from torch import Tensor

from octavo import numerics
from octavo.graph.ir import Node


def by_output_channel(node: Node, weight: Tensor) -> Tensor:
    """Return a tensor of the weight's shape with the output channels first; applied again, it undoes itself.

    Args:
        node: a layer with a weight.
        weight: `[ic, oc/groups, …]` of a `conv_transpose` (or what this function made of it), any of another layer.

    Returns: `[oc, ic/groups, …]` of a `conv_transpose`, else `weight`.
    """
    if node.type != "conv_transpose":
        return weight
    return numerics.by_output_channel(weight, node.attributes["groups"])


def out_channels(node: Node) -> int:
    """Return how many output channels a layer's weight has."""
    shape = node.shape_of("weight")
    return shape[1] * node.attributes["groups"] if node.type == "conv_transpose" else shape[0]
