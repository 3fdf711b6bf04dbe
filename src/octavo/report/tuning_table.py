"""What tuning has found as a table for a terminal."""

from __future__ import annotations

from rich.table import Table

from octavo.runtime.tune import Tuning


def tuning_table(tuning: Tuning, threads: int, isa: str) -> Table:
    """Tabulate the operators that another variant makes faster, and what the network gains."""
    where = f"{threads} thread{'s' if threads > 1 else ''}, {isa}"
    title = f"{tuning.tried} operators can be built in several ways; {where}"
    table = Table(title=title, title_justify="left", caption_justify="left")
    table.add_column("operator", overflow="fold", min_width=20)
    table.add_column("variant", overflow="fold")
    for heading in ("before µs", "after µs", "gain"):
        table.add_column(heading, justify="right", no_wrap=True)
    for choice in tuning.choices:
        gain = f"{100 * (1 - choice.after_us / choice.before_us):.1f} %"
        table.add_row(choice.name, choice.variant, f"{choice.before_us:.1f}", f"{choice.after_us:.1f}", gain)
    times = f"{tuning.before_ms:.2f} → {tuning.after_ms:.2f} ms a run"
    if tuning.kept:
        table.caption = f"{times}; the answers are the same, bit for bit"
    elif tuning.choices:
        table.caption = f"{times}: together hardly faster, so everything stays as the engine chooses by itself"
    else:
        table.caption = f"{times}; the engine's own choice is the fastest everywhere"
    return table
