"""What each operator type takes: the one table that the verifier, shape inference and the documentation follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from octavo.program import row_rules
from octavo.program import shape_rules as rules
from octavo.program.recurrent_shapes import recurrent
from octavo.program.types import Value

INT32 = 2**31 - 1
INT64 = 2**63 - 1

# Kinds of values: what an operator may take or give.
FLOAT = "float32"
QUANTIZED = "quantized"  # uint8 or int8 with a scale and a zero_point
EIGHT_BIT = "8-bit"  # uint8 or int8, with or without them
INDEX = "int64"

UNARY_FUNCTIONS = (
    "relu", "sigmoid", "tanh", "exp", "silu", "gelu", "hardswish", "hardsigmoid", "erf", "log", "sqrt", "neg", "abs",
    "reciprocal", "gelu_tanh", "mish", "log_sigmoid",
)  # fmt: skip


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

    inputs: kinds of values. output: the kind of the output, of every one where the operator type gives several.
    variadic: the one input may repeat. residual: one more quantized input may follow.
    requantizes: `clamp_min` and `clamp_max` may be given. moves: every input has exactly the type of the output.
    """

    inputs: tuple[str, ...]
    output: str
    constants: Mapping[str, Constant] = field(default_factory=dict)
    variadic: bool = False
    residual: bool = False
    requantizes: bool = False
    moves: bool = False

    def takes(self, count: int) -> bool:
        """Tell whether the form can have `count` inputs."""
        if self.variadic:
            return count >= 1
        return count == len(self.inputs) or (self.residual and count == len(self.inputs) + 1)

    def input_kind(self, index: int) -> str:
        """Return the kind of input `index`."""
        if self.variadic:
            return self.inputs[0]
        return self.inputs[index] if index < len(self.inputs) else QUANTIZED


@dataclass(frozen=True)
class OperatorType:
    """Describes an operator type: its forms (the first that fits counts), attributes and shape rules.

    shape: the rule of its one output, or a tuple with a rule for each of its outputs.
    """

    forms: tuple[Form, ...]
    shape: rules.ShapeRule | tuple[rules.ShapeRule, ...]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)

    @property
    def shapes(self) -> tuple[rules.ShapeRule, ...]:
        """Return one shape rule for each output."""
        return self.shape if isinstance(self.shape, tuple) else (self.shape,)


def is_kind(value: Value, kind: str) -> bool:
    """Tell whether a value is of a kind."""
    if kind in (FLOAT, INDEX):
        return value.dtype == kind
    return value.dtype in ("uint8", "int8") and (kind == EIGHT_BIT or value.is_quantized)


# Attributes of every form that requantizes.
CLAMPS = {
    "clamp_min": Attribute("int", low=-128, high=255, required=False),
    "clamp_max": Attribute("int", low=-128, high=255, required=False),
}

_axis = Attribute("int", high=5)
_positives = Attribute("ints", low=1)
_pairs = Attribute("pairs")
_bool = Attribute("bool")
_index = Attribute("int", low=-INT64 - 1, high=INT64)


def _weighted(ranks: tuple[int, ...], residual: bool = True) -> tuple[Form, ...]:
    """Return the forms of conv, conv_transpose and linear."""
    quantized = {"weight": Constant("int8", ranks), "bias": Constant("int32"), "weight_scale": Constant("float32")}
    real = {"weight": Constant("float32", ranks), "bias": Constant("float32")}
    return (
        Form((QUANTIZED,), QUANTIZED, quantized, residual=residual, requantizes=True),
        Form((QUANTIZED,), FLOAT, quantized),
        Form((FLOAT,), FLOAT, real),
    )


def _arithmetic(inputs: int) -> tuple[Form, ...]:
    return Form((QUANTIZED,) * inputs, QUANTIZED, requantizes=True), Form((FLOAT,) * inputs, FLOAT)


def _moving(*kinds: str, variadic: bool = False) -> tuple[Form, ...]:
    return tuple(Form((kind,), kind, variadic=variadic, moves=True) for kind in kinds)


def _bags(constants: Mapping[str, Constant]) -> tuple[Form, ...]:
    """Return the forms of embedding_bag: with or without offsets, with or without weights."""
    inputs = ((INDEX,), (INDEX, INDEX), (INDEX, FLOAT), (INDEX, INDEX, FLOAT))
    return tuple(Form(kinds, FLOAT, constants) for kinds in inputs)


_NUMBERS = (EIGHT_BIT, FLOAT)
_FLOAT_ROWS = {"weight": Constant("float32", (2,))}
_ROWS = {"weight": Constant("uint8", (2,)), "scale": Constant("float32"), "offset": Constant("float32")}


def _recurrent(states: int, biases: tuple[str, ...]) -> tuple[Form, ...]:
    """Return the forms of a recurrent layer: without its states at the start, and with all of them."""
    weights = {f"weight_{which}": Constant("int8", (2,)) for which in ("ih", "hh")}
    floats = {role: Constant("float32") for role in ("weight_ih_scale", "weight_hh_scale", *biases)}
    return tuple(Form((FLOAT,) * inputs, FLOAT, {**weights, **floats}) for inputs in (1, 1 + states))


_DYNAMIC_LINEAR = {
    "weight": Constant("int8", (2,)),
    "weight_scale": Constant("float32"),
    "bias": Constant("float32"),
}
_LINE = {"weight": Constant("float32"), "bias": Constant("float32")}
_NORMALIZES = (Form((FLOAT,), FLOAT, _LINE),)
_FLOAT_TO_FLOAT = (Form((FLOAT,), FLOAT),)
_CONV = {"stride": _positives, "dilation": _positives, "padding": _pairs, "groups": Attribute("int", low=1)}
_POOL = {"kernel": _positives, "stride": _positives, "padding": _pairs, "ceil_mode": _bool}

OPERATORS: Mapping[str, OperatorType] = {
    "quantize": OperatorType((Form((FLOAT,), QUANTIZED, requantizes=True),), rules.same),
    "dequantize": OperatorType((Form((QUANTIZED,), FLOAT),), rules.same),
    "conv": OperatorType(_weighted((3, 4, 5)), rules.conv, _CONV),
    "conv_transpose": OperatorType(
        _weighted((3, 4, 5), residual=False), rules.conv_transpose, {**_CONV, "output_padding": Attribute("ints")}
    ),
    "linear": OperatorType(_weighted((2,)), rules.linear),
    "dynamic_linear": OperatorType((Form((FLOAT,), FLOAT, _DYNAMIC_LINEAR),), rules.linear),
    "add": OperatorType(_arithmetic(2), rules.broadcast),
    "mul": OperatorType(_arithmetic(2), rules.broadcast),
    "table": OperatorType((Form((EIGHT_BIT,), EIGHT_BIT, {"table": Constant("output")}),), rules.table),
    "concat": OperatorType(_moving(*_NUMBERS, INDEX, variadic=True), rules.concat, {"axis": _axis}),
    "max_pool": OperatorType(_moving(*_NUMBERS), rules.pool, {**_POOL, "dilation": _positives}),
    "avg_pool": OperatorType(
        _arithmetic(1),
        rules.pool,
        {**_POOL, "count_include_pad": _bool, "divisor": Attribute("int", low=1, nullable=True)},
    ),
    "adaptive_avg_pool": OperatorType(_arithmetic(1), rules.adaptive_pool, {"output_size": _positives}),
    "reshape": OperatorType(_moving(*_NUMBERS, INDEX), rules.reshape, {"shape": Attribute("sizes", low=1)}),
    "permute": OperatorType(_moving(*_NUMBERS, INDEX), rules.permute, {"dims": Attribute("ints", high=5)}),
    "slice": OperatorType(
        _moving(*_NUMBERS, INDEX),
        rules.slice_,
        {
            "axis": _axis,
            "start": _index,
            "end": Attribute("int", low=-INT64 - 1, high=INT64, nullable=True),
            "step": Attribute("int", low=1, high=INT64),
        },
    ),
    "pad": OperatorType(_moving(QUANTIZED, FLOAT), rules.pad, {"padding": _pairs}),
    "channel_shuffle": OperatorType(_moving(*_NUMBERS), rules.channel_shuffle, {"groups": Attribute("int", low=1)}),
    "clamp": OperatorType(
        _FLOAT_TO_FLOAT,
        rules.same,
        {"min": Attribute("number", nullable=True), "max": Attribute("number", nullable=True)},
    ),
    "unary": OperatorType(_FLOAT_TO_FLOAT, rules.same, {"function": Attribute("choice", choices=UNARY_FUNCTIONS)}),
    "elu": OperatorType(
        _FLOAT_TO_FLOAT,
        rules.same,
        {"alpha": Attribute("number"), "scale": Attribute("number"), "input_scale": Attribute("positive")},
    ),
    "softplus": OperatorType(
        _FLOAT_TO_FLOAT, rules.same, {"beta": Attribute("positive"), "threshold": Attribute("number")}
    ),
    "prelu": OperatorType((Form((FLOAT,), FLOAT, {"slope": Constant("float32")}),), row_rules.prelu),
    "softmax": OperatorType(_FLOAT_TO_FLOAT, rules.softmax, {"axis": _axis}),
    "lstm": OperatorType(_recurrent(2, ("bias",)), recurrent(gates=4, states=2), {"reverse": _bool}),
    "gru": OperatorType(_recurrent(1, ("bias_ih", "bias_hh")), recurrent(gates=3, states=1), {"reverse": _bool}),
    "rnn": OperatorType(
        _recurrent(1, ("bias",)),
        recurrent(gates=1, states=1),
        {"reverse": _bool, "nonlinearity": Attribute("choice", choices=("tanh", "relu"))},
    ),
    "embedding": OperatorType((Form((INDEX,), FLOAT, _ROWS), Form((INDEX,), FLOAT, _FLOAT_ROWS)), row_rules.embedding),
    "embedding_bag": OperatorType(
        (*_bags(_ROWS), *_bags(_FLOAT_ROWS)),
        row_rules.embedding_bag,
        {"mode": Attribute("choice", choices=("sum", "mean", "max", "weighted_sum"))},
    ),
    "layer_norm": OperatorType(
        _NORMALIZES, row_rules.layer_norm, {"axes": Attribute("int", low=1, high=5), "eps": Attribute("positive")}
    ),
    "group_norm": OperatorType(
        _NORMALIZES, row_rules.group_norm, {"groups": Attribute("int", low=1), "eps": Attribute("positive")}
    ),
}
