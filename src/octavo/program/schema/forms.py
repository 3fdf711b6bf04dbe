"""What the rows of the schema are made of: kinds of values, attributes, constants and forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from octavo.program.product_rules import LimitRule
from octavo.program.shape_rules import ShapeRule
from octavo.program.types import Value

INT32 = 2**31 - 1
INT64 = 2**63 - 1

# Kinds of values: what an operator may take or give.
FLOAT = "float32"
QUANTIZED = "quantized"  # uint8 or int8 with a scale and a zero_point
EIGHT_BIT = "8-bit"  # uint8 or int8, with or without them
INDEX = "int64"


@dataclass(frozen=True)
class Attribute:
    """Describes an attribute.

    kind: "int", "bool", "number" (int or finite float), "positive" (a number > 0), "choice" (one of `choices`),
        "ints" (a list of int), "pairs" (a list of [before, after]) or "sizes" (a list of integers >= 1, symbols, -1).
    low, high: the range of every integer.
    nullable: whether None is allowed. required: whether it must be there.
    """

    kind: str
    low: int = 0
    high: int = INT32
    nullable: bool = False
    required: bool = True
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Constant:
    """Describes a constant: its dtype ("output": that of the operator's output) and the ranks it may have."""

    dtype: str
    ranks: tuple[int, ...] = (1,)


@dataclass(frozen=True)
class Form:
    """One signature of an operator type.

    inputs: kinds of values. optional: groups of kinds that may follow, in this order, each as a whole or not at all.
    output: the kind of the output, or a tuple with one for each of several.
    variadic: the one input may repeat. requantizes: `clamp_min` and `clamp_max` may be given.
    moves: every input of the kind of the output has exactly its type.
    keeps_state: the quantized inputs after the first, and every quantized output, have exactly the type of the first
        output.
    """

    inputs: tuple[str, ...]
    output: str | tuple[str, ...]
    constants: Mapping[str, Constant] = field(default_factory=dict)
    optional: tuple[tuple[str, ...], ...] = ()
    variadic: bool = False
    requantizes: bool = False
    moves: bool = False
    keeps_state: bool = False

    @property
    def outputs(self) -> tuple[str, ...]:
        """Return one kind for each output."""
        return (self.output,) if isinstance(self.output, str) else self.output

    def takes(self, values: Sequence[Value]) -> bool:
        """Tell whether the form can have these inputs."""
        if self.variadic:
            return len(values) >= 1 and all(is_kind(value, self.inputs[0]) for value in values)
        return any(_fit(values, kinds) for kinds in self._inputs())

    def gives(self, values: Sequence[Value]) -> bool:
        """Tell whether the form can have these outputs."""
        return _fit(values, self.outputs)

    def _inputs(self) -> list[tuple[str, ...]]:
        """Return every choice of the optional inputs."""
        choices = [self.inputs]
        for group in self.optional:
            choices = [*choices, *((*kinds, *group) for kinds in choices)]
        return choices

    def __str__(self) -> str:
        optional = "".join(f", [{', '.join(group)}]" for group in self.optional)
        return f"{', '.join(self.inputs)}{'…' if self.variadic else ''}{optional} → {', '.join(self.outputs)}"


@dataclass(frozen=True)
class OperatorType:
    """Describes an operator type: its forms (the first that fits counts), attributes and shape rules.

    shape: the rule of its one output, or a tuple with a rule for each of its outputs.
    limit: what its sums demand of sizes that are known only with the shapes.
    """

    forms: tuple[Form, ...]
    shape: ShapeRule | tuple[ShapeRule, ...]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    limit: LimitRule | None = None

    @property
    def shapes(self) -> tuple[ShapeRule, ...]:
        """Return one shape rule for each output."""
        return self.shape if isinstance(self.shape, tuple) else (self.shape,)


def is_kind(value: Value, kind: str) -> bool:
    """Tell whether a value is of a kind."""
    if kind in (FLOAT, INDEX):
        return value.dtype == kind
    return value.dtype in ("uint8", "int8") and (kind == EIGHT_BIT or value.is_quantized)


def _fit(values: Sequence[Value], kinds: Sequence[str]) -> bool:
    return len(values) == len(kinds) and all(map(is_kind, values, kinds))


# Attributes of every form that requantizes.
CLAMPS = {
    "clamp_min": Attribute("int", low=-128, high=255, required=False),
    "clamp_max": Attribute("int", low=-128, high=255, required=False),
}
AXIS = Attribute("int", high=5)
POSITIVES = Attribute("ints", low=1)
PAIRS = Attribute("pairs")
BOOL = Attribute("bool")

NUMBERS = (EIGHT_BIT, FLOAT)
FLOAT_TO_FLOAT = (Form((FLOAT,), FLOAT),)


def arithmetic(inputs: int) -> tuple[Form, ...]:
    """Return the forms of what computes with 8-bit numbers, and with float32 ones."""
    return Form((QUANTIZED,) * inputs, QUANTIZED, requantizes=True), Form((FLOAT,) * inputs, FLOAT)


def moving(*kinds: str, variadic: bool = False) -> tuple[Form, ...]:
    """Return one form for each kind of values that an operator moves without changing any."""
    return tuple(Form((kind,), kind, variadic=variadic, moves=True) for kind in kinds)
