"""Compute on tokens in the order in which attention reads them, so that moves of whole rows meet and cancel."""

from __future__ import annotations

from dataclasses import replace

from octavo.graph.ir import Graph, Node, Shape
from octavo.graph.passes.merge_moves import merge_moves
from octavo.graph.passes.remove_dead import remove_dead
from octavo.graph.passes.rewriter import Rewriter
from octavo.graph.symbols import reshape_target

_EACH_ROW = frozenset({"linear", "layer_norm", "affine", "function", "clamp", "softmax"})
_EACH_PAIR = frozenset({"add", "mul"})
_TURNED = [1, 0, 2]
# A sum meets both of its operands' moves in the second round, where one of them was moved twice.
_ROUNDS = 2


def sink_moves(graph: Graph) -> Graph:
    """Let what computes on each row (the last axis) read rows that were moved where they were before, and move later.

    `nn.MultiheadAttention` turns [n, t, w] to [t, n, w], and back for each head; behind its layers the two cancel.
    A model whose tokens come first is turned at its inputs and its outputs instead, where that is less. Nothing changes
    where no permutation is saved.
    """
    if all(node.type != "permute" for node in graph.nodes):
        return graph
    starts = ((graph, frozenset[str]()), _turned(graph))
    return min((graph, *(_settled(*start) for start in starts)), key=_permutations)


def _settled(graph: Graph, kept: frozenset[str]) -> Graph:
    """Sink moves and merge them, again where what was sunk may meet others once it is merged."""
    for _ in range(_ROUNDS):
        graph = remove_dead(merge_moves(_sunk(graph, kept), kept))
    return remove_dead(merge_moves(graph))


def _permutations(graph: Graph) -> int:
    return [node.type for node in graph.nodes].count("permute")


def _sunk(graph: Graph, kept: frozenset[str]) -> Graph:
    """Sink every move of rows, but those that make the values `kept`."""
    walk, shapes = Rewriter(graph), graph.shapes()
    for original in graph.nodes:
        node, later = walk.resolve(original), list[Node]()
        while (moved := _moved_rows(walk, node, shapes, kept)) is not None:
            node, move = moved
            later.insert(0, move)
            shapes[node.output] = node.shape
        walk.add(node)
        for move in later:
            walk.add(move)
    return walk.finish()


def _moved_rows(walk: Rewriter, node: Node, shapes: dict[str, Shape], kept: frozenset[str]) -> tuple[Node, Node] | None:
    """Return a node as it reads the rows before they were moved, and the move of its output; None where none was."""
    moves = [walk.producer(value) for value in node.inputs]
    first = moves[0] if moves else None
    if (
        first is None
        or first.type not in ("permute", "reshape")
        or not _by_row(node)
        or not all(move is not None and _alike(move, first, shapes) for move in moves)
    ):
        return None
    source = shapes[first.inputs[0]]
    if first.output in kept:
        return None
    if not _keeps_rows(first, source) or (node.type in _EACH_PAIR and {shapes[v] for v in node.inputs} != {node.shape}):
        return None
    attributes = first.attributes
    if first.type == "reshape":
        target = reshape_target(node.shape)
        if target is None:
            return None
        attributes = {"shape": target}
    if node.type == "softmax":
        node = node.with_attributes(axis=len(source) - 1)
    inside = replace(
        node, inputs=tuple(move.inputs[0] for move in moves if move is not None), output=f"{node.output}.{first.type}",
        shape=(*source[:-1], node.shape[-1]),
    )  # fmt: skip
    inside = _aligned(inside, len(source))
    name = f"{inside.output}.moved"
    return inside, Node(first.type, name, (inside.output,), node.output, node.shape, attributes, path=node.path)


def _by_row(node: Node) -> bool:
    """Tell whether each row of a node's output depends on that row of its inputs alone."""
    if node.type == "layer_norm":
        return node.attributes["axes"] == 1
    if node.type == "softmax":
        return node.attributes["axis"] == len(node.shape) - 1
    if node.type == "affine":
        return all(set(constant.shape[:-1]) <= {1} for constant in node.constants.values())
    return node.type in _EACH_PAIR or (node.type in _EACH_ROW and len(node.inputs) == 1)


def _aligned(node: Node, rank: int) -> Node:
    """Give the constants of an `affine` the rank of what it reads."""
    if node.type != "affine":
        return node
    constants = {role: c.reshape((1,) * (rank - 1) + c.shape[-1:]) for role, c in node.constants.items()}
    return replace(node, constants=constants)


def _alike(move: Node, first: Node, shapes: dict[str, Shape]) -> bool:
    same = move.type == first.type and move.shape == first.shape
    return same and move.attributes == first.attributes and shapes[move.inputs[0]] == shapes[first.inputs[0]]


def _keeps_rows(move: Node, source: Shape) -> bool:
    if move.type == "permute":
        return move.attributes["dims"][-1] == len(source) - 1
    return move.type == "reshape" and len(source) > 1 and len(move.shape) > 1 and move.shape[-1] == source[-1]


def _turned(graph: Graph) -> tuple[Graph, frozenset[str]]:
    """Turn every input of rows in time, [t, n, w], and turn it back at once; return the turned values as well."""
    nodes: list[Node] = []
    renamed: dict[str, str] = {}
    for given in graph.inputs:
        if given.dtype != "float32" or len(given.shape) != 3 or given.name in graph.fixed:
            continue
        t, n, width = given.shape
        turned, back = (f"{given.name}.{part}" for part in ("turned", "back"))
        nodes.append(Node("permute", turned, (given.name,), turned, (n, t, width), {"dims": _TURNED}))
        nodes.append(Node("permute", back, (turned,), back, given.shape, {"dims": _TURNED}))
        renamed[given.name] = back
    read = [replace(node, inputs=tuple(renamed.get(value, value) for value in node.inputs)) for node in graph.nodes]
    return graph.with_nodes([*nodes, *read]), frozenset(node.output for node in nodes[::2])
