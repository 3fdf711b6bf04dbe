"""From a calibrated graph to a program."""

from __future__ import annotations

from dataclasses import dataclass

from octavo.graph.capture import Captured
from octavo.graph.emit_dynamic import emit_dynamic
from octavo.graph.emit_float import emit_float
from octavo.graph.emit_int8 import emit_int8, emit_layer
from octavo.graph.emit_recurrent import emit_recurrent
from octavo.graph.emit_table import emit_table
from octavo.graph.emitter import Emitter, Qparams
from octavo.graph.errors import CalibrationError
from octavo.graph.freed_memory import hand_back
from octavo.graph.ir import Node
from octavo.graph.placement import LAYERS, TABLES, Decision, gives_float
from octavo.graph.prepare import Prepared
from octavo.graph.recurrent import RECURRENT
from octavo.graph.weights import AccumulatorOverflowError, QuantizedLayer, quantize_layer
from octavo.program import Program, Value, verify


@dataclass(frozen=True)
class Layer:
    """Say where one layer of a program runs.

    Args:
        name: as the user knows it, `features.3.conv`.
        type: of the operator, `conv`.
        int8: whether it runs in int8, its input quantized beforehand or as it arrives.
        reason, remedy: why it runs in float, or in int8 by another scheme than asked for, and what to do about it.
        output: name of its value, in the graph and in the program.
        fused: names of the layers folded into it.
    """

    name: str
    type: str
    int8: bool
    reason: str
    remedy: str
    output: str
    fused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Conversion:
    """Hold a verified program and what became of each layer of the model, in order of execution.

    Args:
        program: the program.
        layers: of the model.
        notes: what methods that were asked for have done, each in a sentence.
        reparametrized: the float graph whose values the program has, where they are not those of the model.
    """

    program: Program
    layers: tuple[Layer, ...]
    notes: tuple[str, ...] = ()
    reparametrized: Captured | None = None


def convert(prepared: Prepared, producer: str) -> Conversion:
    """Convert a calibrated graph to an int8 program.

    A layer whose accumulator could leave int32 stays in float, and its record says so. `prepared` is not changed.

    Args:
        prepared: of `prepare`, its observers having seen data.
        producer: what a file will name as its maker, `octavo 0.1.0`.

    Returns: the program and a record of each layer.

    Raises:
        CalibrationError: the observers have seen nothing.
    """
    if prepared.samples == 0 and prepared.observers:
        raise CalibrationError("the graph was not calibrated; call calibrate with at least one sample first")
    graph, qparams = prepared.graph, _qparams(prepared)
    layers, decisions = _quantize_layers(prepared, qparams)
    consumers = graph.consumers()
    emitter = Emitter(graph, qparams)
    for node in graph.nodes:
        qconfig = prepared.qconfigs[node.name]
        if node.type == "dropout":
            emitter.same(node.inputs[0], node.output, decisions[node.name].int8)
        elif node.type in RECURRENT and qconfig is not None:
            emit_recurrent(emitter, node, qconfig, decisions[node.name].int8, prepared.weights)
        elif node.type in TABLES and decisions[node.name].dynamic and qconfig is not None:
            emit_table(emitter, node, qconfig)
        elif decisions[node.name].dynamic and qconfig is not None:
            emit_dynamic(emitter, node, qconfig, prepared.weights.get(node.name))
        elif not decisions[node.name].int8:
            emit_float(emitter, node)
        else:
            real = not prepared.layerwise and gives_float(node, decisions, consumers)
            if node.type in LAYERS:
                emit_layer(emitter, node, layers[node.name], real)
            else:
                emit_int8(emitter, node, real)
    program = emitter.program(producer)
    verify(program)
    records = (_record(node, decisions[node.name]) for node in graph.nodes if node.type != "dropout")
    return Conversion(program, tuple(records), prepared.notes, prepared.reparametrized)


def _record(node: Node, decision: Decision) -> Layer:
    int8 = decision.int8 or decision.dynamic
    return Layer(node.name, node.type, int8, decision.reason, decision.remedy, node.output, node.fused)


def _qparams(prepared: Prepared) -> Qparams:
    shared = {}
    for root, observer in prepared.observers.items():
        chosen = observer.qparams()
        shared[root] = Value(chosen.dtype, float(chosen.scale), int(chosen.zero_point))
    return {value: shared[root] for value, root in prepared.groups.items()}


def _quantize_layers(prepared: Prepared, qparams: Qparams) -> tuple[dict[str, QuantizedLayer], dict[str, Decision]]:
    decisions = dict(prepared.decisions)
    layers = {}
    for node in prepared.graph.nodes:
        qconfig = prepared.qconfigs[node.name]
        if not decisions[node.name].int8 or node.type not in LAYERS or qconfig is None:
            continue
        try:
            layers[node.name] = quantize_layer(node, qconfig, qparams[node.inputs[0]], prepared.weights.get(node.name))
        except AccumulatorOverflowError as error:
            decisions[node.name] = Decision(False, str(error), "split the layer, or make its weights smaller")
        hand_back()
    return layers, decisions
