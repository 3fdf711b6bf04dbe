"""The integer program: what a quantized network is, its file, and the meaning of every operator."""

from octavo.program.errors import FormatError, OctavoError, ShapeError, VerifyError
from octavo.program.file import FORMAT_VERSION, file_size, load, save
from octavo.program.shapes import bind_symbols, infer_shapes
from octavo.program.structure import flatten, rebuild
from octavo.program.types import Input, Operator, Program, Symbol, Value, clamp_range
from octavo.program.verify import verify

__all__ = [
    "FORMAT_VERSION",
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
    "clamp_range",
    "file_size",
    "flatten",
    "infer_shapes",
    "load",
    "rebuild",
    "save",
    "verify",
]
