"""The commands, put together."""

from __future__ import annotations

from typing import Annotated

import typer

from octavo import __version__
from octavo.cli import bench, compare, demo, inspect, quantize, run, tune
from octavo.cli.guard import settings

app = typer.Typer(
    help="Fold a float PyTorch network into eight bits, look at it, run it, time it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"octavo {__version__}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Fold a float PyTorch network into eight bits, look at it, run it, time it."""
    settings.debug = debug


app.command()(quantize.quantize)
app.command()(tune.tune)
app.command()(inspect.inspect)
app.command()(compare.compare)
app.command()(run.run)
app.command()(bench.bench)
app.command()(demo.demo)
