"""What operators that treat each element alike take."""

from __future__ import annotations

from collections.abc import Mapping

from octavo.program import row_rules
from octavo.program import shape_rules as rules
from octavo.program.schema.forms import (
    EIGHT_BIT,
    FLOAT,
    FLOAT_TO_FLOAT,
    INDEX,
    QUANTIZED,
    Attribute,
    Constant,
    Form,
    OperatorType,
    arithmetic,
)

UNARY_FUNCTIONS = (
    "relu", "sigmoid", "tanh", "exp", "silu", "gelu", "hardswish", "hardsigmoid", "erf", "log", "sqrt", "neg", "abs",
    "reciprocal", "gelu_tanh", "mish", "log_sigmoid", "rsqrt", "sin", "cos",
)  # fmt: skip

BINARY_FUNCTIONS = ("sub", "div", "maximum", "minimum")  # what `add` and `mul`, which have an 8-bit form, are not

ELEMENTWISE: Mapping[str, OperatorType] = {
    "cast": OperatorType(
        (Form((INDEX,), FLOAT),), rules.same, {"function": Attribute("choice", choices=("value", "not_zero"))}
    ),
    "truncate": OperatorType((Form((FLOAT,), INDEX),), rules.same),
    "quantize": OperatorType((Form((FLOAT,), QUANTIZED, requantizes=True),), rules.same),
    "dequantize": OperatorType((Form((QUANTIZED,), FLOAT),), rules.same),
    "add": OperatorType(arithmetic(2), rules.broadcast),
    "mul": OperatorType(arithmetic(2), rules.broadcast),
    "binary": OperatorType(
        (Form((FLOAT,) * 2, FLOAT),), rules.broadcast, {"function": Attribute("choice", choices=BINARY_FUNCTIONS)}
    ),
    "where": OperatorType((Form((FLOAT,) * 3, FLOAT),), rules.broadcast),
    "table": OperatorType((Form((EIGHT_BIT,), EIGHT_BIT, {"table": Constant("output")}),), rules.table),
    "clamp": OperatorType(
        FLOAT_TO_FLOAT,
        rules.same,
        {"min": Attribute("number", nullable=True), "max": Attribute("number", nullable=True)},
    ),
    "unary": OperatorType(FLOAT_TO_FLOAT, rules.same, {"function": Attribute("choice", choices=UNARY_FUNCTIONS)}),
    "elu": OperatorType(
        FLOAT_TO_FLOAT,
        rules.same,
        {"alpha": Attribute("number"), "scale": Attribute("number"), "input_scale": Attribute("positive")},
    ),
    "softplus": OperatorType(
        FLOAT_TO_FLOAT, rules.same, {"beta": Attribute("positive"), "threshold": Attribute("number")}
    ),
    "prelu": OperatorType((Form((FLOAT,), FLOAT, {"slope": Constant("float32")}),), row_rules.prelu),
}
