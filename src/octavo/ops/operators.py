"""Single operators on tensors: programs of one operator, made when first needed and kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from octavo.ops.kept import Kept, key_of
from octavo.ops.tensor_program import TensorProgram, example_shape
from octavo.program import Value
from octavo.program.build import ProgramBuilder

FLOAT = Value("float32")

_programs: Kept[TensorProgram] = Kept()


def apply(operator: str, inputs: Sequence[Tensor], values: Sequence[Value], output: Value, **attributes: Any) -> Tensor:
    """Apply one operator without constants.

    Args:
        operator: a type of `octavo.program.schema.OPERATORS`.
        inputs: tensors of the values' dtypes; every size is free.
        values: dtype and qparams of each input.
        output: dtype and qparams of the output.
        attributes: the operator's; lists are written as tuples.

    Returns: the output.
    """
    key = (
        operator,
        key_of(output),
        *[(x.dim(), key_of(value)) for x, value in zip(inputs, values, strict=True)],
        *attributes.items(),
    )
    ready = _programs.get(key) or _programs.add(key, _build(operator, inputs, values, output, attributes))
    return ready(*inputs)[0]


def quantize(x: Tensor, value: Value) -> Tensor:
    """Map float32 numbers to integers of `value`'s dtype, scale and zero_point."""
    return apply("quantize", (x,), (FLOAT,), value)


def dequantize(q: Tensor, value: Value) -> Tensor:
    """Map integers to the float32 numbers that they stand for."""
    return apply("dequantize", (q,), (value,), FLOAT)


def _build(
    operator: str, inputs: Sequence[Tensor], values: Sequence[Value], output: Value, attributes: dict[str, Any]
) -> TensorProgram:
    builder = ProgramBuilder()
    pairs = zip(inputs, values, strict=True)
    names = [builder.free_input(f"x{i}", value, example_shape(x)) for i, (x, value) in enumerate(pairs)]
    return TensorProgram(builder.finish([builder.emit(operator, names, "y", output, attributes)]))
