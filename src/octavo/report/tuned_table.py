"""What `octavo.tune` has tried as a table for a terminal."""

from __future__ import annotations

from rich import box
from rich.console import Group
from rich.table import Table

from octavo.recipe.tuning.tuned import TunedModel

_WORDS = {"": 1, "tried": 16}
"""Columns that are no numbers, and how many characters they have at least on a narrow terminal."""


def tuned_table(tuned: TunedModel) -> Group:
    """Tabulate every trial, and say why tuning has ended; the best is bold, green where it reaches the goal."""
    headings, *rows = tuned.rows()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in headings:
        if heading in _WORDS:
            table.add_column(heading, overflow="fold", min_width=_WORDS[heading])
        else:
            table.add_column(heading, justify="right", no_wrap=True)
    for trial, row in zip(tuned.trials, rows, strict=True):
        best = "bold green" if tuned.reached else "bold yellow"
        table.add_row(*row, style=best if trial is tuned.best else "dim" if trial.failure else None)
    return Group(table, tuned.summary)
