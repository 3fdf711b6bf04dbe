"""Convolve, then add: one layer that adds a residual before its only rounding."""

from __future__ import annotations

from dataclasses import replace

from octavo.graph.float_values import float_sums
from octavo.graph.ir import Graph, Node
from octavo.graph.passes.rewriter import Rewriter


def fuse_residual(graph: Graph) -> Graph:
    """Fuse `add(layer, other)` into the layer, a convolution or linear that nothing else reads.

    Sums that stay in float32 (`float_sums`) are left alone.
    Both operands have the shape of the sum. Where both are such layers, the later one takes the other as its residual.
    """
    walk = Rewriter(graph)
    shapes, in_float = graph.shapes(), float_sums(graph)
    for original in graph.nodes:
        node = walk.resolve(original)
        fusible = node.type == "add" and "clamp" not in node.attributes and original.output not in in_float
        layer = _layer(walk, node) if fusible else None
        if layer is None:
            walk.add(node)
            continue
        other = node.inputs[1] if node.inputs[0] == layer.output else node.inputs[0]
        if shapes[layer.output] == node.shape == shapes[other]:
            walk.merge(replace(layer, inputs=(*layer.inputs, other)), layer, node)
        else:
            walk.add(node)
    return walk.finish()


def _layer(walk: Rewriter, add: Node) -> Node | None:
    candidates = [walk.sole(value, "conv", "linear") for value in add.inputs]
    plain = [n for n in candidates if n is not None and len(n.inputs) == 1 and "clamp" not in n.attributes]
    return max(plain, key=lambda n: walk.position(n.output), default=None)
