"""Which instruction set the engine uses."""

from __future__ import annotations

import os

from octavo import _core

VARIABLE = "OCTAVO_ISA"


def choose_isa(requested: str | None = None) -> str:
    """Name the instruction set to run on: `requested`, else the variable `OCTAVO_ISA`, else the machine's best.

    Args:
        requested: one of `supported_isas()`, `"avx2"` say; results are the same integers on each.

    Raises:
        ValueError: the machine does not run the instruction set asked for.
    """
    supported = _core.supported_isas()
    wanted = requested or os.environ.get(VARIABLE) or supported[-1]
    if wanted not in supported:
        where = "isa" if requested else f"environment variable {VARIABLE}"
        raise ValueError(f"{where}: got {wanted!r}, expected one of {', '.join(supported)} (what this machine runs)")
    return wanted


def isa() -> str:
    """Name the instruction set that programs loaded now run on."""
    return choose_isa()
