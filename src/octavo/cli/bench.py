"""octavo bench: how fast a file runs here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.table import Table

from octavo.cli.guard import UsageError, console, guarded
from octavo.program import Program, infer_shapes
from octavo.runtime import isa, load
from octavo.runtime.timing import Timing, interleave


@guarded
def bench(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .octavo file.")],
    threads: Annotated[str, typer.Option(help="Numbers of threads to compare.")] = "1,2",
    size: Annotated[
        list[str] | None,
        typer.Option("--size", help="name=number for a symbol, such as batch=8; default: its example."),
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.1, help="About how long it takes.")] = 4.0,
) -> None:
    """Time a program on random inputs: the numbers of threads in turns, median and spread."""
    counts = _counts(threads)
    programs = {count: load(file, threads=count) for count in counts}
    program = programs[counts[0]].program
    sizes = _sizes(program, size or [])
    arrays = random_inputs(program, sizes)
    with console.status("Timing"):
        times = interleave(
            {str(count): lambda loaded=loaded: loaded(*arrays) for count, loaded in programs.items()}, seconds
        )
    console.print(_table(program, sizes, times))


def random_inputs(program: Program, sizes: Mapping[str, int], seed: int = 0) -> list[np.ndarray]:
    """Make standard normal inputs for a program."""
    random = np.random.default_rng(seed)
    shapes = infer_shapes(program, sizes)
    return [random.standard_normal(shapes[given.name]).astype(given.dtype) for given in program.inputs]


def _counts(text: str) -> list[int]:
    try:
        counts = [int(part) for part in text.split(",")]
    except ValueError:
        counts = [0]
    if min(counts) < 1:
        raise UsageError(f"--threads: got {text!r}, expected numbers from 1, as in 1,2")
    return list(dict.fromkeys(counts))


def _sizes(program: Program, given: list[str]) -> dict[str, int]:
    sizes = {name: symbol.example for name, symbol in program.symbols.items()}
    for text in given:
        name, _, number = text.partition("=")
        if name not in sizes or not number.isdigit():
            known = ", ".join(sizes) or "none"
            raise UsageError(f"--size: got {text!r}, expected name=number with a symbol of this program ({known})")
        sizes[name] = int(number)
    return sizes


def _table(program: Program, sizes: Mapping[str, int], times: Mapping[str, Timing]) -> Table:
    from octavo.report.macs import macs

    shapes = infer_shapes(program, sizes)
    count = sum(macs(program, shapes).values())
    inputs = ", ".join(f"{given.name} {list(shapes[given.name])}" for given in program.inputs)
    console.print(f"{inputs} on {isa()}, {count / 1e6:,.1f} million multiplications", highlight=False)
    table = Table()
    for heading in ("threads", "median", "10th … 90th percentile", "GMAC/s"):
        table.add_column(heading, justify="right")
    for threads, timing in times.items():
        spread = f"{timing.low:.2f} … {timing.high:.2f} ms"
        table.add_row(threads, f"{timing.median:.2f} ms", spread, f"{count / timing.median / 1e6:.1f}")
    return table
