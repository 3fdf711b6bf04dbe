"""Pad, then convolve: one convolution with asymmetric padding."""

from __future__ import annotations

from dataclasses import replace

from octavo.graph.ir import Graph
from octavo.graph.passes.rewriter import Rewriter


def fuse_pad(graph: Graph) -> Graph:
    """Add the widths of a spatial zero padding to those of the convolution that reads it."""
    walk = Rewriter(graph)
    for original in graph.nodes:
        node = walk.resolve(original)
        pad = walk.producer(node.inputs[0]) if node.type == "conv" else None
        if pad is not None and pad.type == "pad" and not any(map(any, pad.attributes["padding"][:2])):
            pairs = zip(pad.attributes["padding"][2:], node.attributes["padding"], strict=True)
            widths = [[outer[0] + own[0], outer[1] + own[1]] for outer, own in pairs]
            inputs = (*pad.inputs, *node.inputs[1:])
            node = replace(node.with_attributes(padding=widths), inputs=inputs, fused=(pad.name, *node.fused))
        walk.add(node)
    return walk.finish()
