"""A profile as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table

from octavo.report.profile import Cost, Profile


def profile_tables(profile: Profile, operators: bool = False) -> Iterator[RenderableType]:
    """Yield where the time goes: by kinds of operators, and operator by operator in order of execution if wanted.

    Args:
        profile: what was measured.
        operators: whether to list every operator.
    """
    if operators:
        yield _operators(profile)
    yield _kinds(profile)


def _operators(profile: Profile) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), title="Operators, in order of execution", title_justify="left")
    table.add_column("operator", overflow="fold", min_width=20)
    for heading in ("kind", "output"):
        table.add_column(heading, no_wrap=True)
    _add_numbers(table)
    for cost in profile.operators:
        table.add_row(cost.name, cost.kind, "×".join(map(str, cost.shape)), *_numbers(cost))
    return table


def _kinds(profile: Profile) -> Table:
    threads = f"{profile.threads} thread{'s' if profile.threads > 1 else ''}"
    inputs = ", ".join(f"{name} {list(shape)}" for name, shape in profile.inputs.items())
    title = f"{profile.microseconds / 1e3:,.2f} ms a run of {inputs} on {threads}, {profile.isa}"
    table = Table(title=title, title_justify="left", caption_justify="left")
    table.add_column("kind", no_wrap=True)
    table.add_column("operators", justify="right")
    _add_numbers(table)
    for cost in profile.kinds():
        table.add_row(cost.kind, str(cost.operators), *_numbers(cost))
    table.caption = f"int8 multiply peak of {threads}, measured now: {profile.peak:,.0f} GMAC/s"
    return table


def _add_numbers(table: Table) -> None:
    for heading in ("µs", "share", "MMAC", "GMAC/s", "of peak"):
        table.add_column(heading, justify="right", no_wrap=True)


def _numbers(cost: Cost) -> tuple[str, ...]:
    return (
        f"{cost.microseconds:,.1f}",
        f"{100 * cost.share:.1f} %",
        f"{cost.macs / 1e6:,.1f}" if cost.macs else "",
        f"{cost.gmacs:,.0f}" if cost.gmacs else "",
        f"{100 * cost.peak_share:.0f} %" if cost.peak_share else "",
    )
