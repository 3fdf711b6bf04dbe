"""Remove nodes that no output depends on."""

from __future__ import annotations

from octavo.graph.ir import Graph


def remove_dead(graph: Graph) -> Graph:
    """Keep the nodes from which an output can be reached."""
    needed = set(graph.outputs)
    kept = []
    for node in reversed(graph.nodes):
        if needed.intersection(node.outputs):
            kept.append(node)
            needed.update(node.inputs)
    return graph.with_nodes(reversed(kept))
