"""A report as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from octavo.recipe.summary import FloatGroup, LayerSummary, Report, layer_row

# Below this, an error in a layer is likely to be seen in the answers.
_LOW_SQNR = 15.0


def report_tables(report: Report, layers: bool = True) -> Iterator[RenderableType]:
    """Yield what a report says: its layers, those in float with reason and remedy, its totals.

    Args:
        report: of `QuantizedModel.report`.
        layers: whether to list every layer, those in float one by one too.
    """
    if layers:
        yield _layers(report)
    if report.float_layers:
        yield _float_layers(report.float_layers) if layers else _float_groups(report.float_groups)
    yield _totals(report)


def _layers(report: Report) -> Table:
    table = Table(title="Layers", title_justify="left")
    for heading in ("layer", "operator", "runs in"):
        table.add_column(heading, overflow="fold")
    table.add_column("SQNR", justify="right")
    for layer in report.layers:
        low = layer.sqnr_db is not None and layer.sqnr_db < _LOW_SQNR
        name, operator, where, error = layer_row(layer)
        table.add_row(
            name, operator, where if layer.int8 else Text(where, "yellow"), Text(error, "yellow" if low else "")
        )
    return table


def _float_layers(layers: tuple[LayerSummary, ...]) -> Table:
    table = Table(title="Layers left in float", title_justify="left", show_lines=True)
    for heading in ("layer", "operator", "reason", "remedy"):
        table.add_column(heading, overflow="fold")
    for layer in layers:
        table.add_row(layer.name, layer.type, layer.reason, layer.remedy)
    return table


def _float_groups(groups: tuple[FloatGroup, ...]) -> Table:
    table = Table(title="Left in float", title_justify="left", show_lines=True)
    for heading in ("operators", "where", "reason", "remedy"):
        table.add_column(heading, overflow="fold")
    for group in groups:
        table.add_row(group.operators, group.places, group.reason, group.remedy)
    return table


def _totals(report: Report) -> Table:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for heading, text in report.totals():
        slow = heading == "verdict" and report.speedup < 1
        table.add_row(heading, Text(text, "bold yellow" if slow else "bold green" if heading == "verdict" else ""))
    return table
