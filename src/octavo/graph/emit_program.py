"""Programs within a graph, operator by operator as they are."""

from __future__ import annotations

from typing import Any

from octavo.graph.emitter import Emitter
from octavo.graph.errors import ConversionError
from octavo.graph.ir import Dim, Node
from octavo.graph.symbols import is_symbol
from octavo.program import Program
from octavo.program.types import QUANT_RANGE


def emit_program(emitter: Emitter, node: Node) -> None:
    """Append the operators of a `program` node under their names in the model."""
    program: Program = node.attributes["program"]
    names: dict[str, str] = node.attributes["names"]
    given = {}
    for declared, value in zip(program.inputs, node.inputs, strict=True):
        wanted = program.values[declared.name]
        in_8_bits = wanted.dtype in QUANT_RANGE
        given[declared.name] = emitter.reinterpreted(value, wanted, node.name) if in_8_bits else emitter.real(value)
    returned = {names[name] for name in program.outputs}
    for operator in program.operators:
        made = tuple(names[name] for name in operator.outputs)
        values = tuple(program.values[name] for name in operator.outputs)
        for name, value in zip(made, values, strict=True):
            if name in returned:
                _ = emitter.makes_quantized(name) if value.dtype in QUANT_RANGE else emitter.makes_real(name)
        read = tuple(given.get(name, names[name]) for name in operator.inputs)
        attributes = dict(operator.attributes)
        if operator.type == "reshape":
            attributes["shape"] = _shape(node, attributes["shape"])
        constants = {role: program.constants[name] for role, name in operator.constants.items()}
        emitter.emit(operator.type, names[operator.name], read, made, values, attributes, constants)


def _shape(node: Node, shape: Any) -> list[Dim]:
    """Write the target of a reshape in the model's own symbols."""
    sizes: dict[str, Dim] = node.attributes["sizes"]
    outer = [sizes[dim] if isinstance(dim, str) else dim for dim in shape]
    target = [dim if isinstance(dim, int) or is_symbol(dim) else -1 for dim in outer]
    if target.count(-1) > 1:
        raise ConversionError(
            f"layer '{node.name}': reshapes to {outer}, where at most one size can be an expression of symbols. "
            "Remedy: fix the others with dynamic_shapes"
        )
    return target
