"""The tables that benchmarks print: a row a measurement."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich import box
from rich.table import Table

from benchmarks.measurement import CONTEXT, OWN, Measurement

_LABELS = {"onnxruntime": "ORT"}
DISTURBED = 0.15
"""CPUs' worth of other processes' work above which the table says that its times are not to be trusted."""


class Column(NamedTuple):
    """A heading, its lines joined by a line break, and what stands under it."""

    heading: str
    cell: Callable[[Measurement], str]


def comparison_table(
    title: str, results: Sequence[Measurement], columns: Sequence[Column], notes: Sequence[str]
) -> Table:
    """Lay out the measurements: name and threads, then the columns; notes below."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title=title, title_justify="left")
    table.add_column("network\n", no_wrap=True)
    for heading in ("\nthr", *(column.heading for column in columns)):
        table.add_column(heading, justify="right")
    for result in results:
        table.add_row(result.name, str(result.threads), *(column.cell(result) for column in columns))
    lines = list(notes)
    foreign = max((result.foreign_cpus for result in results), default=0.0)
    if foreign > DISTURBED:
        lines.append(f"Other processes used up to {foreign:.1f} CPUs meanwhile: measure again on an idle machine.")
    for name, reason in {(name, reason) for result in results for name, reason in result.cannot.items()}:
        where = ", ".join(dict.fromkeys(result.name for result in results if result.cannot.get(name) == reason))
        first, *more = reason.splitlines()[:3]  # the record has all of it
        lines += [f"{where}: {name} is left out. {first}", *more]
    table.caption, table.caption_justify = "\n".join(lines), "left"
    return table


def error_columns(contenders: Sequence[str]) -> list[Column]:
    """Return one column of SQNRs in dB for each contender."""

    def column(name: str) -> Column:
        return Column(f"{_label(name)}\ndB", lambda r: f"{r.sqnr[name]:.1f}" if name in r.sqnr else "–")

    return [column(name) for name in contenders if name not in CONTEXT]


def time_columns(contenders: Sequence[str], unit: str = "ms") -> list[Column]:
    """Return one column of median times for each contender, in `unit` (ms or µs); the fastest int8 is bold."""
    factor, digits = {"ms": (1, 2), "µs": (1e3, 1)}[unit]

    def column(name: str) -> Column:
        def cell(result: Measurement) -> str:
            if name not in result.timing:
                return "–"
            best = min((t.median for key, t in result.timing.items() if key not in CONTEXT), default=0)
            text = f"{result.timing[name].median * factor:.{digits}f}"
            return f"[bold]{text}[/]" if result.timing[name].median == best else text

        return Column(f"{_label(name)}\n{unit}", cell)

    return [column(name) for name in contenders]


def ratio_column(heading: str = "ratio\n", own: str = OWN, prefix: str = "", minima: bool = False) -> Column:
    """Return the column of `Measurement.ratio`."""

    def cell(result: Measurement) -> str:
        ratio = result.ratio(own, prefix, minima)
        return "–" if ratio is None else f"{ratio:.2f}"

    return Column(heading, cell)


def speedup_column(own: str = OWN) -> Column:
    """Return the column of `Measurement.speedup`."""

    def cell(result: Measurement) -> str:
        speedup = result.speedup(own)
        return "–" if speedup is None else f"{speedup:.1f}"

    return Column("×\nfloat", cell)


def _label(name: str) -> str:
    engine, _, recipe = name.partition(" ")
    engine = _LABELS.get(engine, engine)
    return f"{engine}\n{recipe}" if recipe else engine
