"""Which sums, products and functions stay in float32: what float operators read, and what linear layers make."""

from __future__ import annotations

from collections.abc import Mapping

from octavo.graph.elementwise import FLOAT_ONLY
from octavo.graph.ir import Graph, Node

PER_ROW = frozenset({"layer_norm", "softmax", "log_softmax", "attention", "reduce", "binary", "where"})
"""Operators in float32 that combine the elements of a row, each with its full precision."""

_PASSING = frozenset({"add", "mul", "affine", "dropout"})
_MOVES = frozenset({"reshape", "permute", "slice", "concat"})


def float_sums(graph: Graph) -> frozenset[str]:
    """Find the sums and products that stay in float32.

    A sum that a layer norm reads, the residual stream of a transformer, has outliers; a scale of 8 bits that holds them
    loses the small features. Sums that such a sum reads stay in float32 too, whatever moves lie between. A norm may be
    written out: the squares whose mean it takes, and the product with the inverse of their root.

    Args:
        graph: with its residuals fused or not.

    Returns: the values that `add`, `mul` and `affine` nodes make so.
    """
    consumers, producers = graph.consumers(), graph.producers()
    kept: set[str] = set()
    for node in reversed(graph.nodes):
        if node.type not in _PASSING | _MOVES:
            continue
        readers = consumers[node.output]
        if any(reader.type in PER_ROW or reader.output in kept for reader in readers) or _divides(node, producers):
            kept.add(node.output)
    return frozenset(kept.difference(node.output for node in graph.nodes if node.type in _MOVES))


def _divides(node: Node, producers: Mapping[str, Node]) -> bool:
    """Tell whether a node multiplies by what 8 bits cannot hold, the inverse of a root."""
    factors = [producers.get(value) for value in node.inputs] if node.type == "mul" else []
    return any(
        made is not None and made.type == "function" and made.attributes["function"] in FLOAT_ONLY for made in factors
    )


def functions_of_tokens(graph: Graph) -> frozenset[str]:
    """Find the functions that map what a linear layer makes of tokens, [n, t, features], and products of such (gates).

    They are float32 for nothing: what is rounded to 8 bits is their result, once.

    Returns: the values that they make.
    """
    consumers = graph.consumers()
    free = {n.output for n in graph.nodes if n.type == "linear" and len(n.inputs) == 1 and len(n.shape) >= 3}
    kept: set[str] = set()
    for node in graph.nodes:
        if node.type == "slice" and node.inputs[0] in free:  # of layers that are one
            free.add(node.output)
        alone = node.type == "function" and len(consumers[node.inputs[0]]) == 1
        if (alone or node.type == "mul") and free.issuperset(node.inputs):
            kept.add(node.output)
            free.add(node.output)
    return frozenset(kept)


def sums_of_rows(graph: Graph, by_row: frozenset[str]) -> frozenset[str]:
    """Find the sums and products that only layers read which quantize each row by its own range.

    Args:
        graph: after all passes.
        by_row: names of such layers.

    Returns: the values that `add` and `mul` nodes make so.
    """
    consumers = graph.consumers()
    made = (node.output for node in graph.nodes if node.type in ("add", "mul") and node.output not in graph.outputs)
    return frozenset(value for value in made if all(reader.name in by_row for reader in consumers[value]))
