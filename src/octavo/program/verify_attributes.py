"""Checks an operator's attributes against its schema."""

from __future__ import annotations

from typing import Any

import numpy as np

from octavo.program.errors import VerifyError
from octavo.program.schema import CLAMPS, FLOAT, INT32, OPERATORS, Attribute, Form
from octavo.program.shapes import MAX_RANK
from octavo.program.types import QUANT_RANGE, Operator, Program, clamp_range
from octavo.program.verify_numbers import is_finite_float32


def check_attributes(operator: Operator, form: Form, program: Program) -> None:
    """Check that the attributes are those of the operator's form, each of its kind and in its range.

    Raises:
        VerifyError: naming the operator and the attribute.
    """
    where = f"operator '{operator.name}' ({operator.type})"
    expected = {**OPERATORS[operator.type].attributes, **(CLAMPS if form.requantizes else {})}
    for key in operator.attributes:
        if key not in expected:
            raise VerifyError(f"{where}: attribute {key!r} is unknown here, expected {sorted(expected) or 'none'}")
    for key, attribute in expected.items():
        if key not in operator.attributes:
            if attribute.required:
                raise VerifyError(f"{where}: attribute {key!r} is missing")
            continue
        value = operator.attributes[key]
        if not _fits(value, attribute, program):
            raise VerifyError(f"{where}: attribute {key!r} is {value!r:.80}, expected {_wanted(attribute)}")
    if form.requantizes:
        _check_clamps(where, operator, program)
    if operator.type == "embedding_bag":
        weighted = operator.attributes["mode"] == "weighted_sum"
        last = program.values[operator.inputs[-1]].dtype
        if weighted != (last == FLOAT):
            raise VerifyError(
                f"{where}: mode is {operator.attributes['mode']!r} and its last input {last};"
                " weighted_sum, and no other mode, has float32 weights"
            )
    if operator.type == "clamp":
        low, high = operator.attributes["min"], operator.attributes["max"]
        if low is not None and high is not None and low > high:
            raise VerifyError(f"{where}: min is {low}, which is above max, {high}")


def _check_clamps(where: str, operator: Operator, program: Program) -> None:
    output = program.values[operator.outputs[0]]
    quant_min, quant_max = QUANT_RANGE[output.dtype]
    low, high = clamp_range(operator, output)
    if not quant_min <= low <= high <= quant_max:
        raise VerifyError(
            f"{where}: clamp_min is {low} and clamp_max {high},"
            f" expected {quant_min} <= clamp_min <= clamp_max <= {quant_max} ({output.dtype})"
        )


def _fits(value: Any, attribute: Attribute, program: Program) -> bool:
    def integer(item: Any) -> bool:
        return type(item) is int and attribute.low <= item <= attribute.high

    if value is None:
        return attribute.nullable
    if attribute.kind == "int":
        return integer(value)
    if attribute.kind == "bool":
        return type(value) is bool
    if attribute.kind == "number":
        return is_finite_float32(value)
    if attribute.kind == "positive":
        return is_finite_float32(value) and float(np.float32(value)) > 0
    if attribute.kind == "choice":
        return value in attribute.choices
    if not isinstance(value, tuple) or len(value) > MAX_RANK:
        return False
    if attribute.kind == "ints":
        return all(integer(item) for item in value)
    if attribute.kind == "pairs":
        return all(isinstance(pair, tuple) and len(pair) == 2 and all(map(integer, pair)) for pair in value)
    return all(item in program.symbols if isinstance(item, str) else item == -1 or integer(item) for item in value)


def _wanted(attribute: Attribute) -> str:
    integer = f"from {attribute.low} to {attribute.high}"
    text = {
        "int": f"an integer {integer}",
        "bool": "true or false",
        "number": "a number that float32 can hold",
        "positive": "a number above 0 that float32 can hold",
        "choice": f"one of {', '.join(attribute.choices)}",
        "ints": f"a list of integers {integer}",
        "pairs": f"a list of [before, after], integers {integer}",
        "sizes": f"a list of integers from 1 to {INT32}, symbols and at most one -1",
    }[attribute.kind]
    return f"{text} or null" if attribute.nullable else text
