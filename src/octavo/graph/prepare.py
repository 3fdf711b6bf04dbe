"""Decide what runs in int8, and put an observer on every set of values that will share a scale and zero_point."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from octavo.fake_quantize import FakeQuantizeBase
from octavo.graph.capture import Captured
from octavo.graph.convertible import check_float, check_weights
from octavo.graph.errors import ConversionError
from octavo.graph.ir import Graph, Node
from octavo.graph.passes import LAYERWISE_PASSES, PASSES, run_passes, share_qparams
from octavo.graph.passes.merge_linears import merge_linears
from octavo.graph.passes.share_qparams import AVERAGING, MOVING
from octavo.graph.placement import Decision, gives_float, place
from octavo.graph.ports import made_in_8_bits, read_in_8_bits
from octavo.graph.schemes import find_schemes
from octavo.graph.signature import Signature
from octavo.numerics import Qparams
from octavo.observers import UniformQuantizationObserverBase, default_dynamic_quant_observer
from octavo.program.types import QUANT_RANGE
from octavo.qconfig import QConfig, QConfigMapping, activation_observer, default_static, weight_observer


@dataclass
class Prepared:
    """A graph with observers, ready to be calibrated.

    Args:
        graph: after all passes; what is calibrated is what is converted.
        signature: how samples become its inputs.
        decisions: node name to where it runs.
        qconfigs: node name to its QConfig; None where the user wants it in float.
        groups: each value that will have 8 bits → the first value of those it shares its qparams with.
        observers: first value of a group → the observer of the whole group.
        watched: the values that the observers look at; what int8 nodes only move is left out.
        layerwise: whether each layer's output is rounded to 8 bits.
        samples: how many samples the observers have seen.
        weights: node name to the qparams of its weight, where training or rounding has found them; of a recurrent
            layer the name and the role, `rnn.weight_hh`.
        notes: what methods that were asked for have done, each in a sentence.
        reparametrized: what was prepared, where its values are not those of the module.
    """

    graph: Graph
    signature: Signature
    decisions: dict[str, Decision]
    qconfigs: dict[str, QConfig | None]
    groups: dict[str, str]
    observers: dict[str, UniformQuantizationObserverBase]
    watched: frozenset[str]
    layerwise: bool = False
    samples: int = field(default=0)
    weights: dict[str, Qparams] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    reparametrized: Captured | None = None


def prepare(
    captured: Captured, qconfig_mapping: QConfigMapping | None = None, layerwise: bool = False, training: bool = False
) -> Prepared:
    """Rewrite the graph, place its nodes and insert observers.

    Nothing is rounded that need not be: a residual is added to a convolution before its rounding, and the last layer
    gives float32. `layerwise` rounds the output of every layer and of every sum, and an average keeps its
    input's qparams, so that the integers are those of the eager front door.

    Args:
        captured: of `capture`; not changed.
        qconfig_mapping: which QConfig each layer gets; None for the default of static quantization.
        layerwise: whether each layer's output is rounded to 8 bits.
        training: whether fake-quantize modules take the place of observers; `captured` is a graph to train.

    Returns: the graph with observers that have seen nothing.

    Raises:
        ConversionError: a weight is NaN or infinite, or a QConfig asks for what a program does not have.
        UnsupportedOperatorError: an operator has no form for where it would have to run.
    """
    check_float(captured.graph)
    mapping = default_static() if qconfig_mapping is None else qconfig_mapping
    graph = run_passes(captured.graph, LAYERWISE_PASSES if layerwise else PASSES)
    check_weights(graph)
    qconfigs = _resolve(graph, mapping)
    decisions = place(graph, find_schemes(graph, qconfigs, layerwise or training), layerwise)
    if not (layerwise or training):
        graph, qconfigs = _merged(graph, qconfigs, decisions)
        decisions = place(graph, find_schemes(graph, qconfigs, False), False)
    int8 = [node for node in graph.nodes if decisions[node.name].int8]
    sharing = MOVING | AVERAGING if layerwise else MOVING
    shared = share_qparams(int8, sharing)
    consumers = graph.consumers()
    observed: dict[str, QConfig] = {}
    for node in int8:
        qconfig = qconfigs[node.name]
        assert qconfig is not None
        made = () if not layerwise and gives_float(node, decisions, consumers) else made_in_8_bits(node)
        for value in (*read_in_8_bits(node), *made):
            observed.setdefault(value, qconfig)
    groups = {value: shared.get(value, value) for value in observed}
    layers = {value: node.name for value, node in graph.producers().items()}
    make = _fake_quantize if training else _observer
    observers = {root: make(layers.get(root, root), observed[root]) for root in dict.fromkeys(groups.values())}
    moved = {node.output for node in int8 if node.type in sharing}
    moved |= {state for node in int8 for state, _ in node.more}  # each is a step of the layer's output
    watched = frozenset(set(observed) - moved)
    prepared = Prepared(graph, captured.signature, decisions, qconfigs, groups, observers, watched, layerwise)
    return replace(prepared, notes=captured.notes, reparametrized=captured if captured.notes else None)


def _merged(
    graph: Graph, qconfigs: Mapping[str, QConfig | None], decisions: Mapping[str, Decision]
) -> tuple[Graph, dict[str, QConfig | None]]:
    """Make one of the linear layers that read one value, have one QConfig and give float32."""
    consumers = graph.consumers()

    def alike(one: Node, other: Node) -> bool:
        qconfig = qconfigs[one.name]
        if qconfig is None or qconfig != qconfigs[other.name] or not _is_per_channel(qconfig, one.name):
            return False
        return all(decisions[n.name].dynamic or gives_float(n, decisions, consumers) for n in (one, other))

    merged = merge_linears(graph, alike)
    producers = merged.producers()
    names = {n.name: n.name if n.name in qconfigs else producers[n.inputs[0]].name for n in merged.nodes}
    return merged, {name: qconfigs[source] for name, source in names.items()}


def _is_per_channel(qconfig: QConfig, layer: str) -> bool:
    try:
        return weight_observer(qconfig, layer).ch_axis is not None
    except ValueError:  # conversion says what is wrong with it
        return False


def place_again(prepared: Prepared, graph: Graph, reasons: Mapping[str, Decision]) -> Prepared:
    """Place the nodes of a calibrated graph again, but for those that an earlier call has decided of.

    Fewer values have 8 bits then, and all of those were observed.

    Args:
        prepared: calibrated; not changed.
        graph: its graph, perhaps with further nodes that run in float.
        reasons: name of each node that has to run in float, or quantize its rows as they arrive, to its decision.
    """
    qconfigs = {node.name: prepared.qconfigs.get(node.name) for node in graph.nodes}
    decided = {name: prepared.decisions[name] for name in qconfigs if name in prepared.decisions}
    earlier = {name: d for name, d in decided.items() if d.reason and (d.dynamic or qconfigs[name] is None)}
    for name, decision in reasons.items():
        given = qconfigs[name]
        if given is not None and decision.dynamic:
            qconfigs[name] = QConfig(default_dynamic_quant_observer, given.weight)
        else:
            qconfigs[name] = None
    placed = place(graph, find_schemes(graph, qconfigs, prepared.layerwise), prepared.layerwise)
    decisions = placed | earlier | dict(reasons)
    return replace(prepared, graph=graph, qconfigs=qconfigs, decisions=decisions)


def _resolve(graph: Graph, mapping: QConfigMapping) -> dict[str, QConfig | None]:
    """Find the QConfig of each node."""
    calls: Counter[tuple[str, str]] = Counter()
    qconfigs = {}
    for node in graph.nodes:
        function = str(node.attributes.get("function", ""))
        place = (node.path, function or node.type)
        qconfigs[node.name] = mapping.resolve(node.name, node.type, node.module, function, node.path, calls[place])
        calls[place] += 1
    return qconfigs


def _observer(layer: str, qconfig: QConfig) -> UniformQuantizationObserverBase:
    """Make the observer of an activation; an input of the model is named like a layer."""
    try:
        observer = activation_observer(qconfig, layer)
    except ValueError as error:
        raise ConversionError(str(error)) from error
    return _checked(layer, observer)


def _fake_quantize(layer: str, qconfig: QConfig) -> Any:
    """Make the fake-quantize module of an activation."""
    made = qconfig.activation()
    if not isinstance(made, FakeQuantizeBase):
        raise ConversionError(
            f"layer '{layer}': its QConfig makes {type(made).__name__} for activations, expected a fake-quantize "
            "module. Remedy: get_default_qat_qconfig_mapping()"
        )
    named: Any = made
    named.name = layer
    return _checked(layer, named)


def _checked(layer: str, observer: Any) -> Any:
    if observer.dtype not in QUANT_RANGE or observer.ch_axis is not None:
        raise ConversionError(
            f"layer '{layer}': its QConfig observes activations as {observer.dtype}, {observer.qscheme}; expected "
            "uint8 or int8, per tensor. Remedy: give QConfig(activation=…) such an observer"
        )
    return observer
