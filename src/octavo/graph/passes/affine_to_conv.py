"""Turn what is left of batch norms and constant factors into depthwise 1×1 convolutions."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import torch
from torch import Tensor

from octavo.graph.float_values import float_sums
from octavo.graph.ir import Graph, Node
from octavo.graph.passes.fold_batch_norm import NORM, channel_vector
from octavo.graph.passes.rewriter import Rewriter


def affine_to_conv(graph: Graph) -> Graph:
    """Replace each `affine` whose constants are more than one number.

    A factor for each channel becomes a depthwise convolution with a kernel of 1; any other constant of fixed shape
    the same, on the input laid out as `[n, elements, 1]`. A single number stays: in 8 bits it is a table. So does what
    float operators read (`float_sums`), and in a network of tokens what is no factor for each channel: the weight of a
    norm over features, rotations of queries and keys.
    """
    walk, in_float, tokens = Rewriter(graph), float_sums(graph), _reads_tokens(graph)
    for original in graph.nodes:
        node = walk.resolve(original)
        kept = NORM not in node.attributes and original.output in in_float
        if node.type != "affine" or kept or (node.constants["scale"].numel() == 1 and NORM not in node.attributes):
            walk.add(node)
            continue
        for part in _parts(node, flat=not tokens):
            walk.add(part)
    return walk.finish()


def _reads_tokens(graph: Graph) -> bool:
    """Tell whether a network computes on tokens, [n, t, features], by attention or linear layers."""
    return any(
        node.type in ("attention", "matmul") or (node.type == "linear" and len(node.shape) >= 3) for node in graph.nodes
    )


def _parts(node: Node, flat: bool) -> list[Node]:
    shape, rank = node.shape, len(node.shape)
    channels = shape[1] if rank in (3, 4, 5) else None
    if isinstance(channels, int):
        scale, shift = (channel_vector(node.constants[role], 1, channels) for role in ("scale", "shift"))
        if scale is not None and shift is not None:
            return [_depthwise(node, scale, shift, rank - 2)]
    sizes = [size for size in shape[1:] if isinstance(size, int)]
    if (rank > 2 and not flat) or rank < 2 or len(sizes) < rank - 1 or node.constants["scale"].shape[0] != 1:
        return [node]
    count = prod(sizes)
    scale, shift = (node.constants[role].expand(1, *sizes).reshape(count) for role in ("scale", "shift"))
    source, middle = f"{node.output}.flat", f"{node.output}.scaled"
    wide = (shape[0], count, 1)
    before = replace(
        node, type="reshape", name=source, output=source, shape=wide, attributes={"shape": [-1, count, 1]}, constants={}
    )
    layer = replace(node, inputs=(source,), output=middle, shape=wide)
    after = replace(
        before, name=f"{node.name}.reshape", inputs=(middle,), output=node.output, shape=shape,
        attributes={"shape": [-1, *sizes]},
    )  # fmt: skip
    return [before, _depthwise(layer, scale, shift, 1), after]


def _depthwise(node: Node, scale: Tensor, shift: Tensor, axes: int) -> Node:
    channels = scale.numel()
    attributes = {"stride": [1] * axes, "padding": [[0, 0]] * axes, "dilation": [1] * axes, "groups": channels}
    weight = scale.float().reshape(channels, 1, *([1] * axes)).contiguous()
    if NORM in node.attributes:
        # The batch norm is computed as that of a layer whose weights are all 1.
        state = {role: tensor for role, tensor in node.constants.items() if role not in ("scale", "shift")}
        norm = {**node.attributes[NORM], "alone": True}
        constants = {"weight": torch.ones_like(weight), **state}
        return replace(node, type="conv", attributes={**attributes, NORM: norm}, constants=constants)
    return replace(node, type="conv", attributes=attributes, constants={"weight": weight, "bias": shift.float()})
