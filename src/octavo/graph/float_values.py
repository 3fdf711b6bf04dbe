"""Which sums and functions must not be rounded to 8 bits: those that float operators read, or linear layers make."""

from __future__ import annotations

from octavo.graph.ir import Graph

PER_ROW = frozenset({"layer_norm", "softmax", "log_softmax", "attention", "reduce", "binary", "where"})
"""Operators in float32 that combine the elements of a row, each with its full precision."""

_PASSING = frozenset({"add", "affine", "dropout"})


def float_sums(graph: Graph) -> frozenset[str]:
    """Find the sums that stay in float32.

    A sum that a layer norm reads, the residual stream of a transformer, has outliers; a scale of 8 bits that holds them
    loses the small features. Sums that such a sum reads stay in float32 too.

    Args:
        graph: with its residuals fused or not.

    Returns: the values that `add` and `affine` nodes make so.
    """
    consumers = graph.consumers()
    kept: set[str] = set()
    for node in reversed(graph.nodes):
        if node.type not in _PASSING:
            continue
        readers = consumers[node.output]
        if any(reader.type in PER_ROW or reader.output in kept for reader in readers):
            kept.add(node.output)
    return frozenset(kept)


def functions_of_tokens(graph: Graph) -> frozenset[str]:
    """Find the functions that map what a linear layer makes of tokens, [n, t, features]: float32, for nothing.

    Returns: the values that they make.
    """
    consumers, kept = graph.consumers(), set()
    for layer in graph.nodes:
        readers = consumers[layer.output]
        if layer.type == "linear" and len(layer.shape) >= 3 and [reader.type for reader in readers] == ["function"]:
            kept.add(readers[0].output)
    return frozenset(kept)
