"""Programs within a model: what a quantized module has become in the exported graph.

A `program` node holds the program itself, `sizes` (each of its symbols → the size that it has in the model) and `names`
(each of its values and operators → its name in the model's program).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from octavo.graph.ir import Dim, Node
from octavo.graph.lowering.builder import Builder
from octavo.graph.lowering.registry import Unsupported, Value, lowers
from octavo.ops.traced import read_program
from octavo.program import Program
from octavo.program.types import QUANT_RANGE


@lowers("run", any_dtype=True)
def run(b: Builder, inputs: Sequence[Any], constants: Sequence[Any], text: str, digest: str) -> list[Value]:
    """Lower `octavo::run`: the program is kept as it is, its values in 8 bits stay in 8 bits."""
    if not all(isinstance(x, Value) for x in inputs):
        raise Unsupported("an input of a quantized module is a constant", "compute it from the model's input")
    program = read_program(text, constants)
    _check_dtypes(b, program, inputs)
    kind = program.operators[-1].type if program.operators else "program"
    path, module = b.place()
    name = b.claim(b.layer_name(path, kind))
    names = _names(b, program, inputs, name)
    shapes = {names[n]: b.symbols.shape(t.shape) for n, t in zip(program.outputs, b.current.meta["val"], strict=True)}
    values = {names[name]: value for name, value in program.values.items()}
    read = tuple(x.name for x in inputs)
    made = [name for name in shapes if name not in read]
    if made:
        attributes = {"program": program, "sizes": _sizes(b, program, inputs), "names": names}
        first, *others = made
        more = tuple((name, shapes[name]) for name in others)
        b.append(Node("program", name, read, first, shapes[first], attributes, {}, (), module, path, more))
        b.fixed |= {name: values[name] for name in made if values[name].dtype in QUANT_RANGE}
    return [Value(names[name]) for name in program.outputs]


def _names(b: Builder, program: Program, inputs: Sequence[Value], base: str) -> dict[str, str]:
    """Name a program's values and operators: a single operator like its layer, several behind it."""
    names = {declared.name: x.name for declared, x in zip(program.inputs, inputs, strict=True)}
    parts = dict.fromkeys(name for operator in program.operators for name in (operator.name, *operator.outputs))
    if len(program.operators) == 1 and len(program.operators[0].outputs) == 1:
        return names | dict.fromkeys(parts, base)
    return names | {part: b.claim(f"{base}.{part}") for part in parts}


def _check_dtypes(b: Builder, program: Program, inputs: Sequence[Value]) -> None:
    for declared, x in zip(program.inputs, inputs, strict=True):
        got = b.fixed[x.name].dtype if x.name in b.fixed else "float32"
        if got != declared.dtype:
            raise Unsupported(f"a quantized module reads {got} as {declared.dtype}", "keep tensors in their dtype")


def _sizes(b: Builder, program: Program, inputs: Sequence[Value]) -> dict[str, Dim]:
    return {
        dim: size
        for declared, x in zip(program.inputs, inputs, strict=True)
        for dim, size in zip(declared.shape, b.shape(x), strict=True)
        if isinstance(dim, str)
    }
