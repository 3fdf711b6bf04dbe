"""Checks that a program means something: what an executor may take for granted."""

from __future__ import annotations

from typing import Any

import numpy as np

from octavo.program.errors import ShapeError, VerifyError
from octavo.program.schema import INT32, OPERATORS, Form, is_kind
from octavo.program.shapes import MAX_RANK, infer_shapes
from octavo.program.structure import check_structure
from octavo.program.types import DTYPES, QUANT_RANGE, Input, Operator, Program, Symbol, Value
from octavo.program.verify_attributes import check_attributes
from octavo.program.verify_numbers import check_numbers, is_float32

MAX_NAME = 512


def verify(program: Program) -> None:
    """Check every rule of `docs/program.md`.

    Raises:
        VerifyError: naming the operator, value or field, what was got and what was expected.
        FormatError: the output structure is wrong.
    """
    _name("producer", program.producer)
    used = {size for declared in program.inputs for size in declared.shape if isinstance(size, str)}
    for name, symbol in program.symbols.items():
        _symbol(name, symbol)
        if name not in used:
            raise VerifyError(f"symbol '{name}': stands in no input's shape, so that nothing gives it a size")
    for name, value in program.values.items():
        _value(name, value)
    for name, array in program.constants.items():
        _constant(name, array)
    produced: set[str] = set()
    for declared in program.inputs:
        _input(declared, program, produced)
        produced.add(declared.name)
    names: set[str] = set()
    for operator in program.operators:
        _name("operator name", operator.name)
        if operator.name in names:
            raise VerifyError(f"operator '{operator.name}': the name is used twice")
        names.add(operator.name)
        _operator(operator, program, produced)
        produced.update(operator.outputs)
    _whole(program, produced)


def form_of(operator: Operator, program: Program) -> Form:
    """Return the form of its type that an operator has: the first that its values' kinds fit, and its constants.

    Raises:
        VerifyError: none fits.
    """
    inputs = [program.values[name] for name in operator.inputs]
    outputs = [program.values[name] for name in operator.outputs]
    forms = OPERATORS[operator.type].forms
    fitting = [form for form in forms if form.takes(inputs) and form.gives(outputs)]
    if fitting:  # where none has these constants, the check of the constants says so
        return next((form for form in fitting if form.constants.keys() == operator.constants.keys()), fitting[0])
    got = " → ".join(", ".join(_described(value) for value in values) for values in (inputs, outputs))
    expected = " or ".join(dict.fromkeys(str(form) for form in forms))
    raise VerifyError(f"{_where(operator)}: got {got}, expected {expected}")


def _operator(operator: Operator, program: Program, produced: set[str]) -> None:
    where = _where(operator)
    if operator.type not in OPERATORS:
        raise VerifyError(f"{where}: the operator type is unknown; known are {', '.join(OPERATORS)}")
    for name in operator.inputs:
        if name not in produced:
            raise VerifyError(f"{where}: input '{name}' is not produced before it is used")
    _outputs(operator, program, produced)
    form = form_of(operator, program)
    _same_types(operator, form, program)
    check_attributes(operator, form, program)
    _constants(operator, form, program)
    check_numbers(operator, form, program)


def _outputs(operator: Operator, program: Program, produced: set[str]) -> None:
    where, expected = _where(operator), len(OPERATORS[operator.type].shapes)
    if len(operator.outputs) != expected:
        raise VerifyError(f"{where}: got {len(operator.outputs)} outputs, expected {expected}")
    for index, output in enumerate(operator.outputs):
        if output not in program.values:
            raise VerifyError(f"{where}: output '{output}' is not one of the program's values")
        if output in produced or output in operator.outputs[:index]:
            raise VerifyError(f"{where}: output '{output}' is produced twice")


def _same_types(operator: Operator, form: Form, program: Program) -> None:
    """Check what must have exactly the type of the first output."""
    output, *outputs = operator.outputs
    first = 0 if form.moves else 1
    for name in [*operator.inputs[first:], *outputs] if form.moves or form.keeps_state else []:
        value = program.values[name]
        if value != program.values[output] and (is_kind(value, form.outputs[0]) if form.moves else value.is_quantized):
            what = "output" if name in outputs else "input"
            raise VerifyError(
                f"{_where(operator)}: {what} '{name}' is {_described(value)}, output '{output}' is"
                f" {_described(program.values[output])}; both must have the same dtype, scale and zero_point"
            )


def _constants(operator: Operator, form: Form, program: Program) -> None:
    where = _where(operator)
    if operator.constants.keys() != form.constants.keys():
        raise VerifyError(f"{where}: got the constants {sorted(operator.constants)}, expected {sorted(form.constants)}")
    for role, expected in form.constants.items():
        name = operator.constants[role]
        if not isinstance(name, str) or name not in program.constants:
            raise VerifyError(f"{where}: constant {role} names the tensor {name!r}, which does not exist")
        array = program.constants[name]
        dtype = program.values[operator.outputs[0]].dtype if expected.dtype == "output" else expected.dtype
        if array.dtype != np.dtype(dtype) or array.ndim not in expected.ranks:
            ranks = " or ".join(str(rank) for rank in expected.ranks)
            raise VerifyError(
                f"{where}: constant {role} (tensor '{name}') is {array.dtype} with {array.ndim} axes,"
                f" expected {dtype} with {ranks}"
            )


def _whole(program: Program, produced: set[str]) -> None:
    """Check what only the whole program shows."""
    for name in program.outputs:
        if name not in produced:
            raise VerifyError(f"outputs: '{name}' is produced by no operator")
    if not program.outputs:
        raise VerifyError("outputs: got none, expected at least one")
    for name in program.values:
        if name not in produced:
            raise VerifyError(f"value '{name}': is produced by no operator and is not an input")
    used = {name for operator in program.operators for name in operator.constants.values()}
    for name in program.constants:
        if name not in used:
            raise VerifyError(f"constant '{name}': is used by no operator")
    check_structure(program.output_structure, len(program.outputs))
    try:
        infer_shapes(program, {name: symbol.example for name, symbol in program.symbols.items()})
    except ShapeError as error:
        raise VerifyError(str(error)) from error


def _symbol(name: str, symbol: Symbol) -> None:
    _name("symbol", name)
    upper = INT32 if symbol.max is None else symbol.max
    integers = all(type(size) is int for size in (symbol.min, symbol.example, upper))
    if not integers or not 1 <= symbol.min <= symbol.example <= upper <= INT32:
        raise VerifyError(f"symbol '{name}': got {symbol}, expected 1 <= min <= example <= max <= {INT32}")


def _value(name: str, value: Value) -> None:
    _name("value", name)
    if value.dtype not in DTYPES:
        raise VerifyError(f"value '{name}': dtype is {value.dtype!r}, expected one of {', '.join(DTYPES)}")
    if value.scale is None and value.zero_point is None:
        return
    if value.dtype not in QUANT_RANGE:
        raise VerifyError(f"value '{name}': a {value.dtype} has no scale and zero_point; only uint8 and int8 have")
    if value.scale is None or not is_float32(value.scale) or value.scale <= 0:
        raise VerifyError(f"value '{name}': scale is {value.scale!r}, expected a finite float32 above 0")
    low, high = QUANT_RANGE[value.dtype]
    if type(value.zero_point) is not int or not low <= value.zero_point <= high:
        raise VerifyError(
            f"value '{name}': zero_point is {value.zero_point!r}, expected {low} to {high} ({value.dtype})"
        )


def _constant(name: str, array: Any) -> None:
    _name("constant", name)
    if name == "__metadata__":
        raise VerifyError("constant '__metadata__': safetensors keeps this name for itself")
    if not isinstance(array, np.ndarray) or array.dtype not in [np.dtype(dtype) for dtype in DTYPES]:
        got = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
        raise VerifyError(
            f"constant '{name}': got {got}, expected an array of {', '.join(DTYPES)} in native byte order"
        )
    if array.size == 0:
        raise VerifyError(f"constant '{name}': has shape {list(array.shape)}, which holds nothing")


def _input(declared: Input, program: Program, produced: set[str]) -> None:
    where = f"input '{declared.name}'"
    if declared.name in produced:
        raise VerifyError(f"{where}: the name is used twice")
    value = program.values.get(declared.name)
    if value is None or value.dtype != declared.dtype:
        raise VerifyError(f"{where}: dtype is {declared.dtype!r}, the value of that name is {value}")
    if len(declared.shape) > MAX_RANK:
        raise VerifyError(f"{where}: shape has {len(declared.shape)} axes, {MAX_RANK} is the most")
    for axis, size in enumerate(declared.shape):
        if isinstance(size, str):
            if size not in program.symbols:
                raise VerifyError(f"{where}: shape[{axis}] is {size!r}, which is not one of the symbols")
        elif type(size) is not int or not 1 <= size <= INT32:
            raise VerifyError(f"{where}: shape[{axis}] is {size!r}, expected a symbol or an integer from 1 to {INT32}")


def _name(what: str, name: Any) -> None:
    if not isinstance(name, str) or not name.isprintable() or not 1 <= len(name) <= MAX_NAME:
        raise VerifyError(f"{what} {name!r:.80}: expected 1 to {MAX_NAME} printable characters")


def _where(operator: Operator) -> str:
    return f"operator '{operator.name}' ({operator.type})"


def _described(value: Value) -> str:
    if value.is_quantized:
        return f"{value.dtype} (scale {value.scale}, zero_point {value.zero_point})"
    return value.dtype
