"""Join permutations that follow each other, and drop those that change nothing."""

from __future__ import annotations

from dataclasses import replace

from octavo.graph.ir import Graph
from octavo.graph.passes.rewriter import Rewriter


def merge_permutes(graph: Graph) -> Graph:
    """Let a permutation of a permutation read the first one's input; where both undo each other, neither stays."""
    walk = Rewriter(graph)
    for original in graph.nodes:
        node = walk.resolve(original)
        if node.type == "permute":
            before = walk.producer(node.inputs[0])
            if before is not None and before.type == "permute":
                dims = [before.attributes["dims"][d] for d in node.attributes["dims"]]
                node = replace(node.with_attributes(dims=dims), inputs=before.inputs)
            if node.attributes["dims"] == sorted(node.attributes["dims"]):
                walk.drop(original, node.inputs[0])
                continue
        walk.add(node)
    return walk.finish()
