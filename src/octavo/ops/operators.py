"""Single operators on tensors: programs of one operator, made when first needed and kept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from torch import Tensor

from octavo.ops.tensor_program import TensorProgram, example_shape
from octavo.program import Value
from octavo.program.build import ProgramBuilder

FLOAT = Value("float32")

Attributes = tuple[tuple[str, Any], ...]


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
    ranks = tuple(x.dim() for x in inputs)
    example = Example(example_shape(x) for x in inputs)
    ready = _program(operator, tuple(values), output, ranks, tuple(sorted(attributes.items())), example)
    return ready(*inputs)[0]


def quantize(x: Tensor, value: Value) -> Tensor:
    """Map float32 numbers to integers of `value`'s dtype, scale and zero_point."""
    return apply("quantize", (x,), (FLOAT,), value)


def dequantize(q: Tensor, value: Value) -> Tensor:
    """Map integers to the float32 numbers that they stand for."""
    return apply("dequantize", (q,), (value,), FLOAT)


class Example(tuple):
    """Shapes at which a program is checked when it is made; they are no part of what it computes."""

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Example)


@lru_cache(maxsize=1024)
def _program(
    operator: str,
    values: tuple[Value, ...],
    output: Value,
    ranks: tuple[int, ...],
    attributes: Attributes,
    example: Example,
) -> TensorProgram:
    builder = ProgramBuilder()
    names = [builder.free_input(f"x{i}", v, shape) for i, (v, shape) in enumerate(zip(values, example, strict=True))]
    return TensorProgram(builder.finish([builder.emit(operator, names, "y", output, dict(attributes))]))
