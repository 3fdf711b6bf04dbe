"""What operators that read no elements of other values take."""

from __future__ import annotations

from collections.abc import Mapping

from octavo.program import constant_rules as rules
from octavo.program.schema.forms import AXIS, FLOAT, INDEX, INT32, NUMBERS, Attribute, Constant, Form, OperatorType

_MAX_STEP = 2**20  # so that no range leaves int64

CONSTANTS: Mapping[str, OperatorType] = {
    "constant": OperatorType((Form((), FLOAT, {"value": Constant("float32", (1, 2, 3, 4, 5, 6))}),), rules.constant),
    "range": OperatorType(
        tuple(Form((kind,), INDEX) for kind in (*NUMBERS, INDEX)),
        rules.range_,
        {
            "axis": AXIS,
            "start": Attribute("int", low=-INT32, high=INT32),
            "step": Attribute("int", low=-_MAX_STEP, high=_MAX_STEP),
        },
    ),
}
