"""What a program is made of: plain frozen data, with no behaviour beyond comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

import numpy as np

Shape = tuple[int, ...]

DTYPES = ("float32", "uint8", "int8", "int32", "int64")
QUANT_RANGE = {"uint8": (0, 255), "int8": (-128, 127)}


@dataclass(frozen=True)
class Symbol:
    """Names a dimension that is known only when the program runs.

    min, max: the sizes it may take, min >= 1; max is None where there is no upper limit.
    example: a size within them, at which shapes are checked.
    """

    min: int = 1
    max: int | None = None
    example: int = 1


@dataclass(frozen=True)
class Input:
    """Describes an input of a program: its name, dtype and shape of integers and symbols (`("batch", 3, 224, 224)`)."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", tuple(self.shape))


@dataclass(frozen=True)
class Value:
    """Describes a value: real = scale · (q − zero_point) where it stands for real numbers in eight bits.

    dtype: one of `DTYPES`.
    scale: a Python float that is exactly a float32, > 0; None where the value is not quantized.
    zero_point: an integer in the dtype's range; None where the value is not quantized.
    """

    dtype: str
    scale: float | None = None
    zero_point: int | None = None

    @property
    def is_quantized(self) -> bool:
        """Tell whether the value is eight-bit with a scale and a zero_point."""
        return self.scale is not None


@dataclass(frozen=True)
class Operator:
    """Describes one operator: values in, values out.

    type: a key of `octavo.program.schema.OPERATORS`.
    name: the layer it came from, unique in the program.
    inputs, outputs: names of values.
    attributes: numbers, strings and sequences of them (sequences are kept as tuples).
    constants: role → name of a tensor in `Program.constants`.
    """

    type: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", tuple(self.inputs))
        object.__setattr__(self, "outputs", tuple(self.outputs))
        object.__setattr__(self, "attributes", {key: _tuples(value) for key, value in self.attributes.items()})
        object.__setattr__(self, "constants", dict(self.constants))


class ArrayOutline(NamedTuple):
    """Says what an array is like whose numbers are elsewhere."""

    dtype: np.dtype
    shape: Shape


@dataclass(frozen=True, eq=False)
class Program:
    """Holds a quantized network: operators in execution order over named values.

    inputs: in the order in which they are passed.
    outputs: names of values, in order; `output_structure` arranges them as the model returned them.
    values: name → Value, the inputs included.
    operators: in execution order.
    constants: tensor name → array.
    symbols: name → Symbol.
    output_structure: see `octavo.program.structure`.
    producer: what made the program, "octavo 0.1.0".
    """

    inputs: tuple[Input, ...]
    outputs: tuple[str, ...]
    values: Mapping[str, Value]
    operators: tuple[Operator, ...]
    constants: Mapping[str, np.ndarray] = field(default_factory=dict)
    symbols: Mapping[str, Symbol] = field(default_factory=dict)
    output_structure: Any = 0
    producer: str = "octavo"

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", tuple(self.inputs))
        object.__setattr__(self, "outputs", tuple(self.outputs))
        object.__setattr__(self, "operators", tuple(self.operators))

    def outline(self) -> Program:
        """Return a copy that knows its constants' dtypes and shapes alone."""
        outlines: Any = {name: ArrayOutline(array.dtype, array.shape) for name, array in self.constants.items()}
        return replace(self, constants=outlines)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Program):
            return NotImplemented
        plain = (f.name for f in fields(self) if f.name != "constants")
        return (
            all(getattr(self, name) == getattr(other, name) for name in plain)
            and self.constants.keys() == other.constants.keys()
            and all(_same_bits(array, other.constants[name]) for name, array in self.constants.items())
        )

    __hash__ = None  # type: ignore[assignment]


def clamp_range(operator: Operator, output: Value) -> tuple[int, int]:
    """Return `(clamp_min, clamp_max)` of an operator that requantizes; the range of the dtype where it gives none."""
    low, high = QUANT_RANGE[output.dtype]
    return operator.attributes.get("clamp_min", low), operator.attributes.get("clamp_max", high)


def _tuples(value: Any) -> Any:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(_tuples(item) for item in value)
    return value


def _same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
