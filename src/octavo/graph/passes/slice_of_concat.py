"""Read a part of a concatenation where it was made."""

from __future__ import annotations

from dataclasses import replace

from octavo.graph.ir import Graph, Node, Shape
from octavo.graph.passes.rewriter import Rewriter


def slice_of_concat(graph: Graph) -> Graph:
    """Let a slice that lies within one part of a `concat` read that part, or disappear where it is all of it.

    So the last layer's state (`h[-1]` of a recurrent stack) shares its qparams with no other layer's.
    """
    walk = Rewriter(graph)
    shapes = graph.shapes()
    for original in graph.nodes:
        node = walk.resolve(original)
        joined = walk.producer(node.inputs[0]) if node.type == "slice" and node.inputs else None
        part = None if joined is None or joined.type != "concat" else _part(node, joined, shapes)
        if part is None:
            walk.add(node)
        elif shapes[part.inputs[0]] == part.shape:
            walk.drop(original, part.inputs[0])
        else:
            walk.add(part)
    return walk.finish()


def _part(node: Node, joined: Node, shapes: dict[str, Shape]) -> Node | None:
    """Return the slice as it reads one part; None where it reads several, or where a size is symbolic."""
    a, axis = node.attributes, joined.attributes["axis"]
    sizes = [shapes[value][axis] for value in joined.inputs]
    if a["axis"] != axis or not all(isinstance(size, int) for size in sizes):
        return None
    total = sum(size for size in sizes if isinstance(size, int))
    start, end, step = slice(a["start"], a["end"], a["step"]).indices(total)
    before = 0
    for value, size in zip(joined.inputs, sizes, strict=True):
        assert isinstance(size, int)
        if before <= start and end <= before + size and start < end and step > 0:
            return replace(node, inputs=(value,)).with_attributes(start=start - before, end=end - before)
        before += size
    return None
