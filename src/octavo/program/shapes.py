"""From the shapes of the inputs to the shapes of every value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from octavo.program.errors import ShapeError
from octavo.program.recurrent_shapes import RECURRENT
from octavo.program.schema import INDEX, OPERATORS
from octavo.program.types import Input, Operator, Program, Shape, Symbol

MAX_RANK = 6
MAX_ELEMENTS = 2**40

InputShapes = Mapping[str, Sequence[int]] | Sequence[Sequence[int]]


def bind_symbols(program: Program, input_shapes: InputShapes) -> dict[str, int]:
    """Find the size of every symbol from the shapes of the inputs.

    Args:
        program: any program.
        input_shapes: one shape for each input, in order or by name.

    Returns:
        Symbol name → size.

    Raises:
        ShapeError: an input is missing or unknown, has the wrong rank or size, or contradicts another; the message
            names the input, the axis, what was got and what was expected.
    """
    sizes: dict[str, int] = {}
    seen: dict[str, str] = {}
    for declared, shape in zip(program.inputs, _in_order(program, input_shapes), strict=True):
        if len(shape) != len(declared.shape):
            raise ShapeError(
                f"input '{declared.name}': got shape {list(shape)} with {len(shape)} axes,"
                f" expected {_written(declared)} with {len(declared.shape)}"
            )
        for axis, (got, expected) in enumerate(zip(shape, declared.shape, strict=True)):
            where = f"input '{declared.name}' axis {axis} of {_written(declared)}"
            if isinstance(expected, int):
                if got != expected:
                    raise ShapeError(
                        f"{where}: got {got}, expected {expected}, the one size that the program was built for. Remedy:"
                        " quantize with samples that differ there, or name the axis in dynamic_shapes"
                    )
                continue
            if sizes.setdefault(expected, got) != got:
                raise ShapeError(f"{where}: got {expected} = {got}, expected {sizes[expected]} as in {seen[expected]}")
            seen.setdefault(expected, where)
            _check_symbol(where, expected, program.symbols[expected], got)
    return sizes


def infer_shapes(program: Program, sizes: Mapping[str, int], limits: bool = True) -> dict[str, Shape]:
    """Compute the shape of every value.

    Args:
        program: a program whose operators fit the schema.
        sizes: symbol name → size, as `bind_symbols` returns it.
        limits: whether the limits of symbols and of a value's size are checked; without, sizes may be symbolic.

    Returns:
        Value name → shape, the inputs included.

    Raises:
        ShapeError: the shapes do not fit an operator, which is named, or are too large.
    """
    for name, symbol in program.symbols.items():
        if name not in sizes:
            raise ShapeError(f"symbol '{name}' has no size; got sizes for {sorted(sizes)}")
        if limits:
            _check_symbol(f"symbol '{name}'", name, symbol, sizes[name])
    shapes = {i.name: tuple(sizes[d] if isinstance(d, str) else d for d in i.shape) for i in program.inputs}
    for name, shape in shapes.items():
        if limits:
            _check_size(f"input '{name}'", shape)
    for operator in program.operators:
        where = f"operator '{operator.name}' ({operator.type})"
        inputs = [shapes[name] for name in operator.inputs]
        constants = {role: program.constants[name].shape for role, name in operator.constants.items()}
        attributes, type_ = _in_context(operator, program, sizes), OPERATORS[operator.type]
        try:
            shapes.update(
                (name, rule(inputs, attributes, constants))
                for name, rule in zip(operator.outputs, type_.shapes, strict=True)
            )
            if limits and type_.limit is not None:
                type_.limit(inputs, attributes, [program.values[name].dtype for name in operator.inputs])
        except ShapeError as error:
            raise ShapeError(f"{where}: {error}") from None
        for name in operator.outputs:
            if limits:
                _check_size(where, shapes[name])
    return shapes


def _in_context(operator: Operator, program: Program, sizes: Mapping[str, int]) -> Mapping[str, Any]:
    """Return the attributes with what shapes alone do not tell: a reshape's symbols, whether lengths are given."""
    if operator.type == "reshape":
        return {"shape": tuple(sizes[d] if isinstance(d, str) else d for d in operator.attributes["shape"])}
    if operator.type in RECURRENT:
        return {**operator.attributes, "has_lengths": program.values[operator.inputs[-1]].dtype == INDEX}
    return operator.attributes


def _in_order(program: Program, input_shapes: InputShapes) -> list[Sequence[int]]:
    names = [i.name for i in program.inputs]
    if isinstance(input_shapes, Mapping):
        if set(input_shapes) != set(names):
            raise ShapeError(f"got the inputs {sorted(input_shapes)}, the program takes {names}")
        return [input_shapes[name] for name in names]
    if len(input_shapes) != len(names):
        raise ShapeError(f"got {len(input_shapes)} inputs, the program takes {len(names)}: {names}")
    return list(input_shapes)


def _check_symbol(where: str, name: str, symbol: Symbol, size: int) -> None:
    if size < symbol.min or (symbol.max is not None and size > symbol.max):
        limit = f"at least {symbol.min}" if symbol.max is None else f"from {symbol.min} to {symbol.max}"
        raise ShapeError(f"{where}: got {name} = {size}, expected {limit}")


def _check_size(where: str, shape: Shape) -> None:
    if len(shape) > MAX_RANK:
        raise ShapeError(f"{where}: a shape of {list(shape)} has {len(shape)} axes, {MAX_RANK} is the most")
    if any(size < 1 for size in shape):
        raise ShapeError(f"{where}: a shape of {list(shape)} has a size below 1")
    if prod(shape) > MAX_ELEMENTS:
        raise ShapeError(f"{where}: a shape of {list(shape)} has {prod(shape)} elements, {MAX_ELEMENTS} is the most")


def _written(declared: Input) -> str:
    return "[" + ", ".join(str(size) for size in declared.shape) + "]"
