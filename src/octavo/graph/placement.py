"""Decide for each node whether it runs in int8 or in float, and say why it does not run in int8."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from octavo.graph import elementwise
from octavo.graph.errors import UnsupportedOperator, UnsupportedOperatorError
from octavo.graph.float_values import float_sums, functions_of_tokens, sums_of_rows
from octavo.graph.ir import Graph, Node
from octavo.graph.recurrent import RECURRENT
from octavo.graph.schemes import Scheme

LAYERS = frozenset({"conv", "conv_transpose", "linear"})
_PRODUCTS = LAYERS | {"matmul"}
"""What gives float32 for nothing: the sums of products are integers that are scaled."""

_DYNAMIC = frozenset({"linear", "matmul", "attention"})
_INT8 = _PRODUCTS | {
    "add", "mul", "affine", "clamp", "function", "concat", "max_pool", "avg_pool", "adaptive_avg_pool", "reshape",
    "permute", "slice", "pad", "channel_shuffle", "dropout",
}  # fmt: skip
_TAIL = frozenset({"affine", "clamp", "function", "concat", "reshape", "permute", "slice", "pad", "dropout"})


@dataclass(frozen=True)
class Decision:
    """Where a node runs.

    Args:
        int8: whether it reads 8-bit values.
        reason, remedy: why it runs in float and what to do about it; '' where it runs in int8.
        dynamic: whether it reads float32 and quantizes it as it arrives, for weights in 8 bits, or looks up rows of 8
            bits.
    """

    int8: bool
    reason: str = ""
    remedy: str = ""
    dynamic: bool = False


TABLES = frozenset({"embedding", "embedding_bag"})

_INT8_DECISION = Decision(True)
_DYNAMIC_DECISION = Decision(False, dynamic=True)


def place(graph: Graph, schemes: Mapping[str, Scheme], layerwise: bool = False) -> dict[str, Decision]:
    """Decide for every node.

    A node runs in int8 where the user wants it, a program has an int8 form of it, and it is connected, through other
    such nodes, to a layer with weights in int8: elsewhere converting to 8 bits and back would only cost.
    What follows the last such layer and is only moved or mapped element by element runs in float, since the layer
    gives float32 for nothing.

    Args:
        graph: after all passes.
        schemes: node name to how the user wants it.
        layerwise: whether what follows the last layer runs in int8 all the same.

    Returns: node name to decision.

    Raises:
        UnsupportedOperatorError: nodes that have no form for where they would have to run.
    """
    decisions = {node.name: _alone(node, schemes[node.name]) for node in graph.nodes}
    if not layerwise:
        decisions |= _kept_in_float(graph, decisions)
    for node in _unconnected(graph, decisions):
        decisions[node.name] = Decision(
            False, "no int8 layer with weights is connected to it", "none needed: int8 would not be faster"
        )
    for node in [] if layerwise else _tail(graph, decisions):
        decisions[node.name] = Decision(
            False, "it follows the last int8 layer, which gives float32 directly", "none needed: float is exact here"
        )
    refuse_in_float([n for n in graph.nodes if not (decisions[n.name].int8 or decisions[n.name].dynamic)])
    return decisions


def gives_float(node: Node, decisions: Mapping[str, Decision], consumers: Mapping[str, list[Node]]) -> bool:
    """Tell whether an int8 layer's accumulators become float32 without passing through 8 bits."""
    return (
        decisions[node.name].int8
        and is_plain(node)
        and not any(decisions[reader.name].int8 for reader in consumers[node.output])
    )


def is_plain(node: Node) -> bool:
    """Tell whether a node multiplies and adds nothing to its products: it gives float32 where nobody reads 8 bits."""
    return node.type == "matmul" or (node.type in LAYERS and len(node.inputs) == 1)


def _alone(node: Node, scheme: Scheme) -> Decision:
    """Decide for a node without looking at its neighbours."""
    if node.type in TABLES:
        remedy = "give it float_qparams_weight_only_qconfig"
        return _DYNAMIC_DECISION if scheme == "table" else Decision(False, "its qconfig is for no table", remedy)
    if scheme == "table":
        scheme = "float"
    if node.type == "attention" and scheme != "float":
        return _DYNAMIC_DECISION
    if scheme == "dynamic" and (node.type in RECURRENT or node.type in _DYNAMIC):
        return _DYNAMIC_DECISION
    if scheme == "static" and node.type in RECURRENT:
        return _INT8_DECISION
    if node.type not in _INT8 or (node.type == "affine" and node.constants["scale"].numel() > 1):
        return Decision(False, f"{node.type} has no int8 form", "none needed: it is the same on every machine in float")
    if node.type == "function" and node.attributes["function"] in elementwise.FLOAT_ONLY:
        function = node.attributes["function"]
        return Decision(False, f"8 bits cannot hold the range of {function}", "none needed, or bound it by a sigmoid")
    if scheme == "dynamic":
        if node.type in LAYERS:
            return Decision(False, f"{node.type} has no dynamic form", "quantize it statically, with calibration data")
        return Decision(False, f"{node.type} has no weights, and its inputs arrive in float32", "none needed")
    if scheme == "float":
        return Decision(False, "its qconfig is None", "give it a QConfig in the QConfigMapping")
    return _INT8_DECISION


def _kept_in_float(graph: Graph, decisions: Mapping[str, Decision]) -> dict[str, Decision]:
    """Take int8 from what float32 is read of, and from functions between linear layers of tokens."""
    by_row = frozenset(name for name, decision in decisions.items() if decision.dynamic)
    reasons = (
        (float_sums(graph), "operators in float32 read its sum, which 8 bits would round"),
        (functions_of_tokens(graph), "the linear layer before it gives float32 directly"),
        (sums_of_rows(graph, by_row), "layers that quantize each row as it arrives read it"),
    )
    kept = {}
    for node in graph.nodes:
        reason = next((why for values, why in reasons if node.output in values), None)
        if reason is not None and decisions[node.name].int8:
            kept[node.name] = Decision(False, reason, "none needed: float is exact here")
    return kept


def _unconnected(graph: Graph, decisions: Mapping[str, Decision]) -> list[Node]:
    """Find the int8 nodes that no chain of int8 nodes joins to a layer; states of recurrent layers join nothing."""
    nodes = [node for node in graph.nodes if decisions[node.name].int8]
    producers, consumers = graph.producers(), graph.consumers()
    frontier = [node for node in nodes if node.type in _PRODUCTS or node.type in RECURRENT]
    reached: dict[str, None] = {node.name: None for node in frontier}
    while frontier:
        node = frontier.pop()
        read = node.inputs[:1] if node.type in RECURRENT else node.inputs
        around = [producers[v] for v in read if v in producers] + consumers[node.output]
        for other in around:
            if decisions[other.name].int8 and other.name not in reached:
                reached[other.name] = None
                frontier.append(other)
    return [node for node in nodes if node.name not in reached]


def _tail(graph: Graph, decisions: Mapping[str, Decision]) -> list[Node]:
    """Find the int8 nodes between the last int8 layers and the outputs or the float nodes after them."""
    consumers, producers = graph.consumers(), graph.producers()
    tail: set[str] = set()

    def in_int8(node: Node) -> bool:
        return decisions[node.name].int8 and node.name not in tail

    for node in reversed(graph.nodes):
        movable = decisions[node.name].int8 and node.type in _TAIL
        if movable and not any(in_int8(reader) for reader in consumers[node.output]):
            tail.add(node.name)

    def comes_in_float(value: str) -> bool:
        node = producers.get(value)
        if node is None or not in_int8(node):
            return True
        return is_plain(node) and not any(in_int8(reader) for reader in consumers[value])

    changed = True
    while changed:
        wrong = [n for n in graph.nodes if n.name in tail and not all(map(comes_in_float, n.inputs))]
        tail.difference_update(n.name for n in wrong)
        changed = bool(wrong)
    return [node for node in graph.nodes if node.name in tail]


def refuse_in_float(nodes: Iterable[Node]) -> None:
    """Check that nodes have a float form in a program.

    Args:
        nodes: those that run in float.

    Raises:
        UnsupportedOperatorError: some have none; it lists all of them.
    """
    refused = []
    for node in nodes:
        if node.type in RECURRENT:
            reason, remedy = "it has a form with weights in 8 bits alone", "give it a QConfig"
            refused.append(UnsupportedOperator(node.type, node.name, reason, remedy))
    if refused:
        raise UnsupportedOperatorError(refused)
