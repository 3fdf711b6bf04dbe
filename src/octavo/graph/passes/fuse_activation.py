"""Compute, then clamp: ReLU and its kin cost nothing where the layer before saturates anyway."""

from __future__ import annotations

from octavo.graph.ir import Graph
from octavo.graph.passes.rewriter import Rewriter

_REQUANTIZING = ("conv", "conv_transpose", "linear", "add", "mul", "avg_pool", "adaptive_avg_pool")


def fuse_activation(graph: Graph) -> Graph:
    """Fuse `clamp` into the operator that alone feeds it, where that operator requantizes and has no clamp yet."""
    walk = Rewriter(graph)
    for original in graph.nodes:
        node = walk.resolve(original)
        layer = walk.sole(node.inputs[0], *_REQUANTIZING) if node.type == "clamp" else None
        if layer is None or "clamp" in layer.attributes:
            walk.add(node)
        else:
            bounds = (node.attributes["min"], node.attributes["max"])
            walk.merge(layer.with_attributes(clamp=bounds), layer, node)
    return walk.finish()
