"""octavo inspect: what is in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from octavo.cli.guard import console, guarded
from octavo.program import load


@guarded
def inspect(file: Annotated[Path, typer.Argument(metavar="FILE", help="A .octavo file.")]) -> None:
    """Show the operators of a program: shapes, dtypes, scales, weights, multiplications."""
    from octavo.report.inspection import inspection_table

    console.print(inspection_table(load(file)))
