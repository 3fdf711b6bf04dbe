"""How the user wants each node: what its QConfig comes to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from octavo.graph.ir import Graph, Node
from octavo.graph.recurrent import RECURRENT
from octavo.qconfig import QConfig, is_dynamic, is_for_tables

Scheme = Literal["static", "dynamic", "table", "float"]
"""With qparams found beforehand, found as values arrive, with a table of 8 bits, or in float."""


def find_schemes(
    graph: Graph, qconfigs: Mapping[str, QConfig | None], each_on_its_own: bool = False
) -> dict[str, Scheme]:
    """Say how each node is wanted.

    Args:
        graph: after all passes.
        qconfigs: node name to its QConfig, None for float.
        each_on_its_own: whether layers are trained, or rounded one by one: recurrent layers are dynamic then.

    Returns: node name to scheme.
    """

    def scheme(node: Node) -> Scheme:
        qconfig = qconfigs[node.name]
        if qconfig is None:
            return "float"
        if is_for_tables(qconfig):
            return "table"
        return "dynamic" if is_dynamic(qconfig) or (each_on_its_own and node.type in RECURRENT) else "static"

    return {node.name: scheme(node) for node in graph.nodes}
