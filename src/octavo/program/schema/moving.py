"""What operators that move elements, or look rows of a table up, take."""

from __future__ import annotations

from collections.abc import Mapping

from octavo.program import moving_rules as rules
from octavo.program import row_rules
from octavo.program.schema.forms import (
    AXIS,
    FLOAT,
    INDEX,
    INT64,
    NUMBERS,
    PAIRS,
    QUANTIZED,
    Attribute,
    Constant,
    Form,
    OperatorType,
    moving,
)

_index = Attribute("int", low=-INT64 - 1, high=INT64)
_INDEXED = tuple(Form((kind, INDEX), kind, moves=True) for kind in (*NUMBERS, INDEX))
_FLOAT_ROWS = {"weight": Constant("float32", (2,))}
_ROWS = {"weight": Constant("uint8", (2,)), "scale": Constant("float32"), "offset": Constant("float32")}

MOVING: Mapping[str, OperatorType] = {
    "concat": OperatorType(moving(*NUMBERS, INDEX, variadic=True), rules.concat, {"axis": AXIS}),
    "reshape": OperatorType(moving(*NUMBERS, INDEX), rules.reshape, {"shape": Attribute("sizes", low=1)}),
    "permute": OperatorType(moving(*NUMBERS, INDEX), rules.permute, {"dims": Attribute("ints", high=5)}),
    "slice": OperatorType(
        moving(*NUMBERS, INDEX),
        rules.slice_,
        {
            "axis": AXIS,
            "start": _index,
            "end": Attribute("int", low=-INT64 - 1, high=INT64, nullable=True),
            "step": Attribute("int", low=1, high=INT64),
        },
    ),
    "take": OperatorType(_INDEXED, rules.take, {"axis": AXIS}),
    "gather": OperatorType(_INDEXED, rules.gather, {"axis": AXIS}),
    "pad": OperatorType(moving(QUANTIZED, FLOAT), rules.pad, {"padding": PAIRS}),
    "channel_shuffle": OperatorType(moving(*NUMBERS), rules.channel_shuffle, {"groups": Attribute("int", low=1)}),
    "embedding": OperatorType((Form((INDEX,), FLOAT, _ROWS), Form((INDEX,), FLOAT, _FLOAT_ROWS)), row_rules.embedding),
    "embedding_bag": OperatorType(
        tuple(Form((INDEX,), FLOAT, table, ((INDEX,), (FLOAT,))) for table in (_ROWS, _FLOAT_ROWS)),
        row_rules.embedding_bag,
        {"mode": Attribute("choice", choices=("sum", "mean", "max", "weighted_sum"))},
    ),
}
