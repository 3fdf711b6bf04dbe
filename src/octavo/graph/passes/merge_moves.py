"""Join reshapes, permutations and slices that follow each other, and drop those that change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from octavo.graph.ir import Dim, Graph, Node, Shape
from octavo.graph.passes.axes import Axes
from octavo.graph.passes.rewriter import Rewriter
from octavo.graph.symbols import reshape_target

MOVES = frozenset({"reshape", "permute", "slice"})
"""Operators that move values, or leave some out."""


@dataclass(frozen=True)
class _Move:
    """One step of a chain: a node's type, attributes and the shape that it gives."""

    type: str
    attributes: dict[str, Any]
    shape: Shape


def merge_moves(graph: Graph, sources: frozenset[str] = frozenset()) -> Graph:
    """Let a chain of moves read where it began, in as few steps as it takes: slices, reshape, permutation, reshape.

    So the heads of an attention that were split, moved and joined again cost nothing, and what is cut out of a moved
    value is cut out of the source. A chain that would not be shorter stays as it is.

    Args:
        graph: any graph.
        sources: moved values that chains begin with, however they were made.
    """
    walk = Rewriter(graph)
    shapes, fixed = graph.shapes(), dict(graph.fixed)
    for original in graph.nodes:
        node = walk.resolve(original)
        if node.type not in MOVES:
            walk.add(node)
            continue
        source, moves = _best(_chain(walk, node, sources), shapes)
        if moves is None:
            walk.add(node)
            continue
        if not moves:
            walk.drop(original, source)
            continue
        value = source
        for index, move in enumerate(moves):
            last = index == len(moves) - 1
            output = node.output if last else f"{node.output}.{move.type}_{index}"
            name = node.name if last else f"{node.name}.{move.type}_{index}"
            walk.add(
                replace(
                    node, type=move.type, name=name, inputs=(value,), output=output, shape=move.shape,
                    attributes=move.attributes,
                )
            )  # fmt: skip
            shapes[output] = move.shape
            if node.output in fixed:
                fixed[output] = fixed[node.output]
            value = output
    return replace(walk.finish(), fixed=fixed)


def _chain(walk: Rewriter, node: Node, sources: frozenset[str]) -> list[Node]:
    """Return the moves that lead to a node, itself the last."""
    chain = [node]
    while (before := walk.producer(chain[0].inputs[0])) is not None and before.type in MOVES:
        if before.output in sources:
            break
        chain.insert(0, before)
    return chain


def _best(chain: list[Node], shapes: dict[str, Shape]) -> tuple[str, list[_Move] | None]:
    """Return a source, and fewer moves from it; None where there are none.

    Without a permutation less, only what follows the last one is joined: others may read that one's copy.
    """
    source = chain[0].inputs[0]
    moves = _shorter(chain, shapes[source])
    types = [node.type for node in chain]
    if "permute" not in types or (moves is not None and _cost([m.type for m in moves])[0] < types.count("permute")):
        return source, moves
    behind = chain[len(types) - types[::-1].index("permute") :]
    if not behind:
        return source, None
    return behind[0].inputs[0], _shorter(behind, shapes[behind[0].inputs[0]])


def _shorter(chain: Sequence[Node], shape: Shape) -> list[_Move] | None:
    """Return fewer moves that do the same to a source of a shape; None where there are none.

    Fewer permutations come first: they alone may have to be copied.
    """
    axes, cuts, cut_shape = Axes(shape), list[_Move](), shape
    for node in chain:
        if node.type == "permute":
            axes.permute(node.attributes["dims"])
        elif node.type == "reshape":
            if not axes.reshape(node.shape):
                return None
        else:
            place = _cut(axes, node)
            if place is None:
                return None
            axis, start, end = place
            cut_shape = (*cut_shape[:axis], end - start, *cut_shape[axis + 1 :])
            cuts.append(_Move("slice", {"axis": axis, "start": start, "end": end, "step": 1}, cut_shape))
    moves = _moves(axes, cut_shape, chain[-1].shape)
    if moves is None:
        return None
    moves = cuts + moves
    return moves if _cost([move.type for move in moves]) < _cost([node.type for node in chain]) else None


def _cut(axes: Axes, node: Node) -> tuple[int, int, int] | None:
    """Return the slice of the source that a slice is: axis, start and end."""
    a = node.attributes
    size = node_size(axes, a["axis"])
    if not isinstance(size, int) or a["step"] != 1:
        return None
    start, end, _ = slice(a["start"], a["end"]).indices(size)
    return axes.slice(a["axis"], start, end) if start < end else None


def node_size(axes: Axes, axis: int) -> Dim:
    """Return the size of an axis of a moved value."""
    return axes.steps()[2][axis]


def _moves(axes: Axes, source: Shape, result: Shape) -> list[_Move] | None:
    """Write a reshape, a permutation and a reshape, those of them that are needed."""
    apart, order, _ = axes.steps()
    moves: list[_Move] = []
    shape = source
    if order:
        plain = tuple(dim for dim in source if dim != 1) == apart
        if plain:  # permute the axes as they are, those of size 1 where the result has them, or at the end
            direct = _direct(source, apart, order, result)
            apart, order = (source, direct) if direct is not None else (apart, order)
        if apart != source and not _append_reshape(moves, apart):
            return None
        shape = tuple(apart[axis] for axis in order)
        moves.append(_Move("permute", {"dims": order}, shape))
    if shape != result and not _append_reshape(moves, result):
        return None
    return moves


def _direct(source: Shape, apart: Shape, order: list[int], result: Shape) -> list[int] | None:
    """Return the permutation of a source with axes of size 1 that gives the result itself; None where none does."""
    if len(source) == len(apart):
        return order
    large = [axis for axis, dim in enumerate(source) if dim != 1]
    ones = [axis for axis, dim in enumerate(source) if dim == 1]
    moved = [large[index] for index in order]
    if len(source) != len(result) or [source[axis] for axis in moved] != [dim for dim in result if dim != 1]:
        return None
    return [ones.pop(0) if dim == 1 else moved.pop(0) for dim in result]


def _append_reshape(moves: list[_Move], shape: Shape) -> bool:
    target = reshape_target(shape)
    if target is not None:
        moves.append(_Move("reshape", {"shape": target}, shape))
    return target is not None


def _cost(types: Sequence[str]) -> tuple[int, int]:
    return types.count("permute"), len(types)
