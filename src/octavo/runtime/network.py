"""Hands a program to the native engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from octavo import _core
from octavo.program import Operator, Program, infer_shapes
from octavo.program.schema import OPERATORS


def build_network(program: Program, isa: str, release: bool = False, variants: Mapping[str, str] | None = None) -> Any:
    """Build the engine's operators for `program`, weights packed for an instruction set.

    Args:
        program: a verified program.
        isa: the instruction set.
        release: whether each of the program's constants, a dict, is taken out of it once the engine has packed it:
            memory never holds all of them twice then.
        variants: operator name → the way to build it, of those that a plan of the network lists; the others are
            built as the engine's cost model says.
    """
    index = {name: i for i, name in enumerate(program.values)}
    values = [(value.dtype, value.scale or 1.0, value.zero_point or 0) for value in program.values.values()]
    builder = _core.NetworkBuilder(values, [index[given.name] for given in program.inputs], isa)
    constants = program.constants if release else dict(program.constants)
    assert isinstance(constants, dict)
    reads = Counter(name for operator in program.operators for name in operator.constants.values())
    shapes = infer_shapes(program, {name: symbol.example for name, symbol in program.symbols.items()})
    for operator in program.operators:
        likely = shapes[operator.inputs[0]] if operator.type == "conv" else ()
        builder.add((*describe_operator(operator, index, constants), (variants or {}).get(operator.name, ""), likely))
        reads.subtract(operator.constants.values())
        for name in operator.constants.values():
            if not reads[name]:
                constants.pop(name, None)
    return builder.finish([index[name] for name in program.outputs])


def describe_operator(operator: Operator, index: dict[str, int], tensors: Mapping[str, np.ndarray]) -> tuple:
    ints: dict[str, list[int]] = {}
    floats: dict[str, float] = {}
    strings: dict[str, str] = {}
    declared = OPERATORS[operator.type].attributes
    for key, value in operator.attributes.items():
        if value is None or key == "shape":  # absent; a reshape's shape is known by the time memory is planned
            continue
        if isinstance(value, str):
            strings[key] = value
        elif key in declared and declared[key].kind in ("number", "positive"):
            floats[key] = float(value)
        else:
            ints[key] = _flatten(value)
    constants = {role: np.ascontiguousarray(tensors[name]) for role, name in operator.constants.items()}
    inputs = [index[name] for name in operator.inputs]
    outputs = [index[name] for name in operator.outputs]
    return (operator.type, operator.name, inputs, outputs, ints, floats, strings, constants)


def _flatten(value: Any) -> list[int]:
    if isinstance(value, (list, tuple)):
        return [item for part in value for item in _flatten(part)]
    return [int(value)]
