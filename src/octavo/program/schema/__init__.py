"""What each operator type takes: the one table that the verifier, shape inference and the documentation follow."""

from __future__ import annotations

from collections.abc import Mapping

from octavo.program.schema.combining import COMBINING
from octavo.program.schema.constants import CONSTANTS
from octavo.program.schema.elementwise import BINARY_FUNCTIONS, ELEMENTWISE, UNARY_FUNCTIONS
from octavo.program.schema.forms import (
    CLAMPS,
    EIGHT_BIT,
    FLOAT,
    INDEX,
    INT32,
    QUANTIZED,
    Attribute,
    Constant,
    Form,
    OperatorType,
    is_kind,
)
from octavo.program.schema.moving import MOVING
from octavo.program.schema.products import PRODUCTS
from octavo.program.schema.weighted import WEIGHTED

__all__ = [
    "BINARY_FUNCTIONS",
    "CLAMPS",
    "EIGHT_BIT",
    "FLOAT",
    "INDEX",
    "INT32",
    "OPERATORS",
    "QUANTIZED",
    "UNARY_FUNCTIONS",
    "Attribute",
    "Constant",
    "Form",
    "OperatorType",
    "is_kind",
]

OPERATORS: Mapping[str, OperatorType] = {**ELEMENTWISE, **WEIGHTED, **PRODUCTS, **COMBINING, **MOVING, **CONSTANTS}
