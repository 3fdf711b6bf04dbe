"""View, transpose, view: recognize a channel shuffle."""

from __future__ import annotations

from dataclasses import replace

from octavo.graph.ir import Graph, Node
from octavo.graph.passes.rewriter import Rewriter


def channel_shuffle(graph: Graph) -> Graph:
    """Turn `[n, c, …] → [n, g, c/g, …] → [n, c/g, g, …] → [n, c, …]` into one `channel_shuffle` of g groups.

    Reference: Zhang et al. 2018, ShuffleNet, arXiv:1707.01083, section 3.1.
    """
    walk = Rewriter(graph)
    shapes = graph.shapes()
    for original in graph.nodes:
        node = walk.resolve(original)
        walk.add(node)
        permute = walk.sole(node.inputs[0], "permute") if node.type == "reshape" else None
        view = walk.sole(permute.inputs[0], "reshape") if permute is not None else None
        if permute is None or view is None or shapes[view.inputs[0]] != node.shape:
            continue
        groups = _groups(view, permute, node)
        if groups is not None:
            attributes = {"groups": groups}
            inputs, fused = view.inputs, (view.name, permute.name)
            walk.add(replace(node, type="channel_shuffle", inputs=inputs, attributes=attributes, fused=fused))
    return walk.finish()


def _groups(view: Node, permute: Node, restored: Node) -> int | None:
    rank = len(restored.shape)
    if len(view.shape) != rank + 1 or permute.attributes["dims"] != [0, 2, 1, *range(3, rank + 1)]:
        return None
    groups, depth = view.shape[1:3]
    same = (view.shape[0], *view.shape[3:]) == (restored.shape[0], *restored.shape[2:])
    whole = isinstance(groups, int) and isinstance(depth, int) and groups * depth == restored.shape[1]
    return groups if same and whole and isinstance(groups, int) else None
