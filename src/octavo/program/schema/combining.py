"""What operators that combine many elements into one take: pooling, sums, softmax and normalization."""

from __future__ import annotations

from collections.abc import Mapping

from octavo.program import row_rules
from octavo.program import shape_rules as rules
from octavo.program.schema.forms import (
    AXIS,
    BOOL,
    FLOAT,
    FLOAT_TO_FLOAT,
    INDEX,
    NUMBERS,
    PAIRS,
    POSITIVES,
    Attribute,
    Constant,
    Form,
    OperatorType,
    arithmetic,
    moving,
)

_LINE = {"weight": Constant("float32"), "bias": Constant("float32")}
_NORMALIZES = (Form((FLOAT,), FLOAT, _LINE),)
_POOL = {"kernel": POSITIVES, "stride": POSITIVES, "padding": PAIRS, "ceil_mode": BOOL}

COMBINING: Mapping[str, OperatorType] = {
    "max_pool": OperatorType(moving(*NUMBERS), rules.pool, {**_POOL, "dilation": POSITIVES}),
    "avg_pool": OperatorType(
        arithmetic(1),
        rules.pool,
        {**_POOL, "count_include_pad": BOOL, "divisor": Attribute("int", low=1, nullable=True)},
    ),
    "adaptive_avg_pool": OperatorType(arithmetic(1), rules.adaptive_pool, {"output_size": POSITIVES}),
    "reduce": OperatorType(
        FLOAT_TO_FLOAT,
        rules.reduce,
        {
            "function": Attribute("choice", choices=("sum", "mean", "max", "min")),
            "axis": AXIS,
            "keepdim": BOOL,
        },
    ),
    "cumsum": OperatorType((*FLOAT_TO_FLOAT, Form((INDEX,), INDEX)), rules.along, {"axis": AXIS}),
    "softmax": OperatorType(FLOAT_TO_FLOAT, rules.along, {"axis": AXIS}),
    "log_softmax": OperatorType(FLOAT_TO_FLOAT, rules.along, {"axis": AXIS}),
    "layer_norm": OperatorType(
        _NORMALIZES, row_rules.layer_norm, {"axes": Attribute("int", low=1, high=5), "eps": Attribute("positive")}
    ),
    "group_norm": OperatorType(
        _NORMALIZES, row_rules.group_norm, {"groups": Attribute("int", low=1), "eps": Attribute("positive")}
    ),
}
