"""Attention that is written out, a softmax between two products, becomes one node."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import torch

from octavo.graph.ir import Graph, Node, Shape
from octavo.graph.passes.attention_nodes import AttentionNodes
from octavo.graph.passes.axes import Axes, product
from octavo.graph.passes.remove_dead import remove_dead

_DROWNS = 2.0**29
"""A number that a score below 32 vanishes in: float32 holds multiples of 64 from here on."""


@dataclass
class _Scores:
    """What leads from the product of queries and keys to the softmax.

    Args:
        product: of the queries and the keys.
        scale: what it is multiplied by.
        terms: values that are added to it, after the scale.
        hidden: a condition, whether scores count where it is not 0, and the number that the others are replaced by.
    """

    product: Node
    scale: float = 1.0
    terms: list[str] = field(default_factory=list)
    hidden: list[tuple[str, bool, float]] = field(default_factory=list)


def fuse_attention(graph: Graph) -> Graph:
    """Let `softmax(q · kᵀ · scale + mask) · v` be one `attention`, as `scaled_dot_product_attention` is.

    The scale may stand before or after the product, and on the queries; terms may be added to the scores, and a number
    that drowns every score may take their place where a mask hides them. What else reads the scores or the weights, and
    whatever does not fit, leaves it as it is.
    """
    return remove_dead(_Fusion(graph).rewrite())


class _Fusion:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._shapes = graph.shapes()
        self._producers = graph.producers()
        self._uses: Counter[str] = graph.uses()

    def rewrite(self) -> Graph:
        nodes: list[Node] = []
        for node in self._graph.nodes:
            nodes += self._attention(node) or [node]
        return self._graph.with_nodes(nodes)

    def _sole(self, value: str, *types: str) -> Node | None:
        """Return the node that makes a value, where it is of one of the types and nothing else reads the value."""
        node = self._producers.get(value)
        return node if node is not None and node.type in types and self._uses[value] == 1 else None

    def _attention(self, mixed: Node) -> list[Node] | None:
        """Return the nodes of the attention that ends in a product, or None where none does."""
        if mixed.type != "matmul" or mixed.attributes["transpose_b"] or "clamp" in mixed.attributes:
            return None
        weights = self._sole(mixed.inputs[0], "softmax")
        if weights is None or weights.attributes["axis"] != len(weights.shape) - 1:
            return None
        scores = self._scores(weights.inputs[0], weights.shape)
        if scores is None or scores.scale <= 0:
            return None
        q, scale = self._without_scale(scores.product.inputs[0])
        k, other = self._without_scale(scores.product.inputs[1])
        scores.scale *= scale * other
        if scores.scale <= 0:
            return None
        write = AttentionNodes(mixed, (scores.product.name, weights.name), self._shapes)
        if not scores.product.attributes["transpose_b"]:
            k = write.turned(k)
        return self._written(write, (q, k, mixed.inputs[1]), scores)

    def _written(self, write: AttentionNodes, qkv: tuple[str, str, str], scores: _Scores) -> list[Node] | None:
        rank = len(write.shape(qkv[0]))
        apart = self._heads(write, qkv) if rank == 3 else None
        if apart is not None:
            qkv = apart
        shapes = [write.shape(value) for value in qkv]
        if not _fit(shapes):
            return None
        full = (*shapes[0][:-1], shapes[1][-2])
        masks = [write.four_axes(term, full) for term in scores.terms]
        for condition, inside, number in scores.hidden:
            mask = write.four_axes(condition, full)
            masks.append(None if mask is None else write.hiding(mask, inside, number))
        if any(mask is None for mask in masks):
            return None
        return write.attention(qkv, write.total([mask for mask in masks if mask is not None]), scores.scale)

    def _scores(self, value: str, shape: Shape) -> _Scores | None:
        """Follow what a softmax reads back to a product."""
        node = self._sole(value, "matmul", "affine", "add", "where")
        if node is None or "clamp" in node.attributes or node.shape != shape:
            return None
        if node.type == "matmul":
            return _Scores(node)
        if node.type == "affine":
            found, factor = self._scores(node.inputs[0], shape), _factor(node)
            if found is None or factor is None or found.terms or found.hidden:
                return None
            return replace(found, scale=found.scale * factor)
        if node.type == "add":
            for one, other in (node.inputs, node.inputs[::-1]):
                found = self._scores(one, shape)
                if found is not None and not found.hidden:
                    return replace(found, terms=[*found.terms, other])
            return None
        return self._hidden(node, shape) if node.type == "where" else None

    def _hidden(self, node: Node, shape: Shape) -> _Scores | None:
        """Follow `where(mask, scores, number)` or `where(mask, number, scores)`."""
        condition, *choices = node.inputs
        for index, value in enumerate(choices):
            number = self._number(choices[1 - index])
            if number is None or number > -_DROWNS:
                continue
            found = self._scores(value, shape)
            if found is not None:
                return replace(found, hidden=[*found.hidden, (condition, index == 0, number)])
        return None

    def _number(self, value: str) -> float | None:
        node = self._producers.get(value)
        held = node.constants["value"] if node is not None and node.type == "constant" else torch.zeros(2)
        return float(held) if held.numel() == 1 else None

    def _without_scale(self, value: str) -> tuple[str, float]:
        """Return a value as it is before it was multiplied by a number, and that number."""
        node = self._sole(value, "affine")
        factor = None if node is None else _factor(node)
        return (value, 1.0) if node is None or factor is None or factor <= 0 else (node.inputs[0], factor)

    def _heads(self, write: AttentionNodes, qkv: tuple[str, str, str]) -> tuple[str, str, str] | None:
        """Take the heads of [n · heads, t, d] apart, where they were joined to the batch by a reshape."""
        found = {self._joined_heads(value) for value in qkv}
        (heads, *others) = found
        if others or heads is None:
            return None
        batch, count = heads
        q, k, v = (write.reshape(value, (batch, count, *write.shape(value)[1:])) for value in qkv)
        return q, k, v

    def _joined_heads(self, value: str) -> tuple[str | int, int] | None:
        """Return the batch and the number of heads that the first axis of a value is made of."""
        chain: list[Node] = []
        while (node := self._producers.get(value)) is not None and node.type in ("reshape", "permute"):
            chain.insert(0, node)
            value = node.inputs[0]
        axes = Axes(self._shapes[value])
        for node in chain:
            if node.type == "permute":
                axes.permute(node.attributes["dims"])
            elif not axes.reshape(node.shape):
                return None
        first = axes.moved[0]
        if len(first) < 2 or first[-1].size.symbols or not any(first[-1] in group for group in axes.source[-1:]):
            return None
        return product(first[:-1]).dim, first[-1].size.number


def _factor(node: Node) -> float | None:
    """Return the number that an `affine` multiplies by, where it does nothing else."""
    scale, shift = node.constants["scale"], node.constants["shift"]
    return float(scale) if scale.numel() == 1 and not bool(shift.any()) else None


def _fit(shapes: list[Shape]) -> bool:
    """Tell whether q, k and v are [n, heads, t, d], [n, heads, s, d], [n, heads, s, e], with or without heads."""
    q, k, v = shapes
    rank = len(q)
    fixed = [dim for shape in shapes for dim in (*shape[1:-2], shape[-1])]
    return (
        rank in (3, 4)
        and len(k) == len(v) == rank
        and q[:-2] == k[:-2] == v[:-2]
        and q[-1] == k[-1]
        and k[-2] == v[-2]
        and all(isinstance(dim, int) for dim in fixed)
    )
