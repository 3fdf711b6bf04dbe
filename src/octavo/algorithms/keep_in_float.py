"""Take some layers of a quantized graph back to float."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from octavo.graph.placement import Decision
from octavo.graph.prepare import Prepared, place_again


def keep_in_float(exact: Prepared, rounded: Prepared, layers: Mapping[str, str]) -> Prepared:
    """Return a quantized graph with some layers as they were in float.

    Args:
        exact: calibrated, with the float weights and biases.
        rounded: the same graph with its weights rounded.
        layers: name of each layer to the reason why it runs in float.
    """
    floats = {node.name: node for node in exact.graph.nodes if node.name in layers}
    nodes = [floats.get(node.name, node) for node in rounded.graph.nodes]
    weights = {name: qparams for name, qparams in rounded.weights.items() if name not in layers}
    reasons = {
        name: Decision(False, reason, "none needed; for 8 bits, a lower goal or other ranges of its inputs")
        for name, reason in layers.items()
    }
    return place_again(replace(rounded, weights=weights), rounded.graph.with_nodes(nodes), reasons)
