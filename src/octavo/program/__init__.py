"""The integer program: what a quantized network is, its file, and the meaning of every operator."""

from octavo.program.errors import FormatError, OctavoError, ShapeError, VerifyError
from octavo.program.shapes import bind_symbols, infer_shapes
from octavo.program.types import Input, Operator, Program, Symbol, Value

__all__ = [
    "FormatError",
    "Input",
    "OctavoError",
    "Operator",
    "Program",
    "ShapeError",
    "Symbol",
    "Value",
    "VerifyError",
    "bind_symbols",
    "infer_shapes",
]
