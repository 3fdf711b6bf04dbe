"""What `octavo.tune` has tried as a table for a terminal."""

from __future__ import annotations

from rich.table import Table

from octavo.recipe.tuning.tuned import HEADINGS, TunedModel

_NUMBERS = frozenset({"accuracy", "SQNR", "in float", "size", "a call", "took"})


def tuned_table(tuned: TunedModel) -> Table:
    """Tabulate every trial; the best is bold, green where it reaches the goal."""
    table = Table(title="Tried", title_justify="left", caption=tuned.summary, caption_justify="left")
    for heading in HEADINGS:
        if heading in _NUMBERS:
            table.add_column(heading, justify="right", no_wrap=True)
        else:
            table.add_column(heading, overflow="fold")
    for trial, row in zip(tuned.trials, tuned.rows(), strict=True):
        best = "bold green" if tuned.reached else "bold yellow"
        table.add_row(*row, style=best if trial is tuned.best else "dim" if trial.failure else None)
    return table
