"""Join reshapes that follow each other, and drop those that change nothing."""

from __future__ import annotations

from dataclasses import replace

from octavo.graph.ir import Graph
from octavo.graph.passes.rewriter import Rewriter


def merge_reshapes(graph: Graph) -> Graph:
    """Let a reshape of a reshape read the first one's input; a reshape to the same shape disappears."""
    walk = Rewriter(graph)
    shapes = graph.shapes()
    for original in graph.nodes:
        node = walk.resolve(original)
        if node.type == "reshape":
            before = walk.producer(node.inputs[0])
            if before is not None and before.type == "reshape":
                node = replace(node, inputs=before.inputs)
            if shapes[node.inputs[0]] == node.shape:
                walk.drop(original, node.inputs[0])
                continue
        walk.add(node)
    return walk.finish()
