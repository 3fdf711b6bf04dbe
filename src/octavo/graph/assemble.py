"""From the graph of a module that is quantized already to one program."""

from __future__ import annotations

from octavo.graph.capture import Captured
from octavo.graph.emit_float import emit_float
from octavo.graph.emit_int8 import emit_int8
from octavo.graph.emit_program import emit_program
from octavo.graph.emitter import Emitter
from octavo.graph.passes import FLOAT_PASSES, run_passes
from octavo.graph.placement import refuse_in_float
from octavo.program import Program, verify


def assemble(captured: Captured, producer: str) -> Program:
    """Join the programs of a module's quantized parts, and what is in float between them, to one program.

    Operators of quantized modules are taken as they are; what moves their integers stays in 8 bits; everything else is
    computed in float32. Nothing is calibrated.

    Args:
        captured: a module that holds modules of `octavo.nn.quantized`, or a QuantizedModel.
        producer: what a file will name as its maker, `octavo 0.1.0`.

    Returns: a verified program.

    Raises:
        UnsupportedOperatorError: an operator outside of the quantized modules has no float form in a program.
        ConversionError: a size cannot be expressed.
    """
    graph = run_passes(captured.graph, FLOAT_PASSES)
    refuse_in_float([node for node in graph.nodes if node.type != "program"])
    emitter = Emitter(graph, graph.fixed)
    for node in graph.nodes:
        if node.type == "program":
            emit_program(emitter, node)
        elif graph.in_8_bits(node.output):
            emit_int8(emitter, node)
        else:
            emit_float(emitter, node)
    program = emitter.program(producer)
    verify(program)
    return program
