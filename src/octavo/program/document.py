"""A program as a JSON object, and back. The constants travel apart, as tensors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from octavo.program.errors import FormatError
from octavo.program.types import Input, Operator, Program, Symbol, Value
from octavo.program.verify_numbers import is_finite_float32

_OPTIONAL_QPARAMS = {"scale": (int, float), "zero_point": int}


def to_document(program: Program) -> dict[str, Any]:
    """Write a verified program as a JSON object; names are sorted where their order means nothing."""
    inputs = [
        {"name": i.name, "dtype": i.dtype, "shape": list(i.shape), **_qparams(program.values[i.name])}
        for i in program.inputs
    ]
    given = {i.name for i in program.inputs}
    symbols = {
        name: {"min": symbol.min, "max": symbol.max, "example": symbol.example}
        for name, symbol in sorted(program.symbols.items())
    }
    return {
        "producer": program.producer,
        "symbols": symbols,
        "inputs": inputs,
        "values": {
            name: {"dtype": value.dtype, **_qparams(value)}
            for name, value in sorted(program.values.items())
            if name not in given
        },
        "operators": [
            {
                "type": operator.type,
                "name": operator.name,
                "inputs": list(operator.inputs),
                "outputs": list(operator.outputs),
                "attributes": dict(sorted(operator.attributes.items())),
                "constants": dict(sorted(operator.constants.items())),
            }
            for operator in program.operators
        ],
        "outputs": list(program.outputs),
        "output_structure": program.output_structure,
    }


def parse(text: str) -> Any:
    """Read JSON strictly: no NaN, no Infinity, no key twice."""

    def reject(constant: str) -> None:
        raise ValueError(f"{constant} is not a number")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = dict(pairs)
        if len(keys) != len(pairs):
            raise ValueError(f"a key stands twice in {sorted(key for key, _ in pairs)}")
        return keys

    try:
        return json.loads(text, parse_constant=reject, object_pairs_hook=unique)
    except ValueError as error:
        raise FormatError(f"program: is not JSON ({error!s:.200})") from error


def from_document(document: Any, constants: Mapping[str, np.ndarray]) -> Program:
    """Read a program from a JSON object; `verify` has yet to say whether it means something.

    Raises:
        FormatError: a field is missing, unknown or of the wrong JSON type; the message gives its path.
    """
    fields = {
        "producer": str, "symbols": dict, "inputs": list, "values": dict, "operators": list, "outputs": list,
        "output_structure": object,
    }  # fmt: skip
    document = _object(document, "program", fields)
    inputs, values = [], {}
    for index, item in enumerate(document["inputs"]):
        where = f"inputs[{index}]"
        item = _object(item, where, {"name": str, "dtype": str, "shape": list}, _OPTIONAL_QPARAMS)
        for size in item["shape"]:
            if not isinstance(size, str) and type(size) is not int:
                raise FormatError(f"{where}.shape: got {size!r:.80}, expected an integer or a symbol")
        inputs.append(Input(item["name"], item["dtype"], item["shape"]))
        values[item["name"]] = _value(item, where)
    for name, item in document["values"].items():
        where = f"values[{name!r}]"
        if name in values:
            raise FormatError(f"{where}: is an input, whose dtype and qparams stand in inputs")
        values[name] = _value(_object(item, where, {"dtype": str}, _OPTIONAL_QPARAMS), where)
    symbols = {}
    for name, item in document["symbols"].items():
        item = _object(item, f"symbols[{name!r}]", {"min": int, "max": (int, type(None)), "example": int})
        symbols[name] = Symbol(item["min"], item["max"], item["example"])
    return Program(
        inputs=tuple(inputs),
        outputs=tuple(_strings(document["outputs"], "outputs")),
        values=values,
        operators=tuple(_operator(item, f"operators[{i}]") for i, item in enumerate(document["operators"])),
        constants=dict(constants),
        symbols=symbols,
        output_structure=document["output_structure"],
        producer=document["producer"],
    )


def _operator(item: Any, where: str) -> Operator:
    item = _object(
        item, where,
        {"type": str, "name": str, "inputs": list, "outputs": list, "attributes": dict, "constants": dict},
    )  # fmt: skip
    for role, name in item["constants"].items():
        if not isinstance(name, str):
            raise FormatError(f"{where}.constants[{role!r}]: got {name!r:.80}, expected the name of a tensor")
    return Operator(
        item["type"],
        item["name"],
        tuple(_strings(item["inputs"], f"{where}.inputs")),
        tuple(_strings(item["outputs"], f"{where}.outputs")),
        item["attributes"],
        item["constants"],
    )


def _qparams(value: Value) -> dict[str, Any]:
    if value.scale is None:
        return {}
    return {"scale": _shortest(value.scale), "zero_point": value.zero_point}


def _shortest(scale: float) -> float:
    """Return the number with the fewest decimals that reads back as the same float32."""
    short = float(str(np.float32(scale)))
    return short if float(np.float32(short)) == scale else scale


def _value(item: Mapping[str, Any], where: str) -> Value:
    scale = item.get("scale")
    if scale is not None:
        if not is_finite_float32(scale):
            raise FormatError(f"{where}.scale: got {scale!r:.80}, expected a finite float32")
        scale = float(np.float32(scale))
    if (scale is None) != ("zero_point" not in item):
        raise FormatError(f"{where}: got one of scale and zero_point, expected both or neither")
    return Value(item["dtype"], scale, item.get("zero_point"))


def _strings(items: list[Any], where: str) -> list[str]:
    for item in items:
        if not isinstance(item, str):
            raise FormatError(f"{where}: got {item!r:.80}, expected the name of a value")
    return items


def _object(
    item: Any, where: str, required: Mapping[str, Any], optional: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Check that `item` is a JSON object with exactly these fields, of these types."""
    known = {**required, **(optional or {})}
    if not isinstance(item, dict):
        raise FormatError(f"{where}: got {item!r:.80}, expected an object with the fields {', '.join(required)}")
    for key in required:
        if key not in item:
            raise FormatError(f"{where}: the field {key!r} is missing")
    for key, value in item.items():
        if key not in known:
            raise FormatError(f"{where}: the field {key!r} is unknown, expected {', '.join(known)}")
        if not isinstance(value, known[key]) or (isinstance(value, bool) and known[key] is not object):
            raise FormatError(f"{where}.{key}: got {value!r:.80}, expected {_type_name(known[key])}")
    return item


def _type_name(kind: Any) -> str:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    names = {str: "a string", dict: "an object", list: "a list", int: "an integer", float: "a number"}
    return " or ".join(names.get(kind, "null") for kind in kinds)
