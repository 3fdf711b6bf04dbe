"""What products of values take, none of them a constant: matrix products and attention."""

from __future__ import annotations

from collections.abc import Mapping

from octavo.program import product_rules as rules
from octavo.program.schema.forms import BOOL, FLOAT, QUANTIZED, Attribute, Form, OperatorType

_MATMUL = (
    Form((QUANTIZED,) * 2, QUANTIZED, requantizes=True),
    Form((QUANTIZED,) * 2, FLOAT),
    Form((FLOAT,) * 2, FLOAT),
)
_MASK = ((FLOAT,),)
_DYNAMIC_ATTENTION = (Form((FLOAT,) * 3, FLOAT, optional=_MASK),)
_ATTENTION = (Form((QUANTIZED,) * 3, QUANTIZED, optional=_MASK, requantizes=True),)
_HEADS = {
    "heads": Attribute("int", low=1),
    "kv_heads": Attribute("int", low=1),
    "scale": Attribute("positive"),
    "causal": BOOL,
}

PRODUCTS: Mapping[str, OperatorType] = {
    "dynamic_matmul": OperatorType(
        (Form((FLOAT,) * 2, FLOAT),), rules.matmul, {"transpose_b": BOOL}, rules.dynamic_matmul_limit
    ),
    "matmul": OperatorType(_MATMUL, rules.matmul, {"transpose_b": BOOL}, rules.matmul_limit),
    "dynamic_attention": OperatorType(_DYNAMIC_ATTENTION, rules.attention, _HEADS, rules.dynamic_attention_limit),
    "attention": OperatorType(_ATTENTION, rules.attention, _HEADS, rules.attention_limit),
}
