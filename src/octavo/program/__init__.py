"""The integer program: what a quantized network is, its file, and the meaning of every operator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from octavo.program.errors import FormatError, OctavoError, ShapeError, VerifyError
from octavo.program.shapes import bind_symbols, infer_shapes
from octavo.program.structure import flatten, rebuild
from octavo.program.types import Input, Operator, Program, Symbol, Value, clamp_range
from octavo.program.verify import verify

if TYPE_CHECKING:
    from octavo.program.file import FORMAT_VERSION, file_size, load, save

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

_FILE = frozenset({"FORMAT_VERSION", "file_size", "load", "save"})


def __getattr__(name: str) -> Any:
    # What reads and writes files (checksums, JSON) takes half of the import's time: only when asked for.
    if name in _FILE:
        from octavo.program import file

        return getattr(file, name)
    raise AttributeError(f"module 'octavo.program' has no attribute {name!r}")
