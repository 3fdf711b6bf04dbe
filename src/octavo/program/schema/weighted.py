"""What operators with weights take: matrix products, convolutions and recurrent layers."""

from __future__ import annotations

from collections.abc import Mapping

from octavo.program import shape_rules as rules
from octavo.program.recurrent_shapes import recurrent
from octavo.program.schema.forms import (
    BOOL,
    FLOAT,
    PAIRS,
    POSITIVES,
    QUANTIZED,
    Attribute,
    Constant,
    Form,
    OperatorType,
)
from octavo.program.schema.recurrent import recurrent_forms


def _weighted(ranks: tuple[int, ...], residual: bool = True) -> tuple[Form, ...]:
    """Return the forms of conv, conv_transpose and linear."""
    quantized = {"weight": Constant("int8", ranks), "bias": Constant("int32"), "weight_scale": Constant("float32")}
    real = {"weight": Constant("float32", ranks), "bias": Constant("float32")}
    return (
        Form((QUANTIZED,), QUANTIZED, quantized, ((QUANTIZED,),) if residual else (), requantizes=True),
        Form((QUANTIZED,), FLOAT, quantized),
        Form((FLOAT,), FLOAT, real),
    )


_DYNAMIC_LINEAR = {
    "weight": Constant("int8", (2,)),
    "weight_scale": Constant("float32"),
    "bias": Constant("float32"),
}
_CONV = {"stride": POSITIVES, "dilation": POSITIVES, "padding": PAIRS, "groups": Attribute("int", low=1)}

WEIGHTED: Mapping[str, OperatorType] = {
    "conv": OperatorType(_weighted((3, 4, 5)), rules.conv, _CONV),
    "conv_transpose": OperatorType(
        _weighted((3, 4, 5), residual=False), rules.conv_transpose, {**_CONV, "output_padding": Attribute("ints")}
    ),
    "linear": OperatorType(_weighted((2,)), rules.linear),
    "dynamic_linear": OperatorType((Form((FLOAT,), FLOAT, _DYNAMIC_LINEAR),), rules.linear),
    "lstm": OperatorType(recurrent_forms("lstm"), recurrent(gates=4, states=2), {"reverse": BOOL}),
    "gru": OperatorType(recurrent_forms("gru"), recurrent(gates=3, states=1), {"reverse": BOOL}),
    "rnn": OperatorType(
        recurrent_forms("rnn"),
        recurrent(gates=1, states=1),
        {"reverse": BOOL, "nonlinearity": Attribute("choice", choices=("tanh", "relu"))},
    ),
}
