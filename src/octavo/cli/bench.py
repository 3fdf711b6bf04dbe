"""octavo bench: how fast a file runs here, and where the time goes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table

from octavo.cli.guard import UsageError, console, guarded
from octavo.program import Program, infer_shapes
from octavo.runtime import LoadedProgram, isa, load
from octavo.runtime.sample_inputs import sample_inputs
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
    concurrency: Annotated[
        str | None, typer.Option(help="Show requests per second with so many of them at once, as in 1,2,4.")
    ] = None,
    profile: Annotated[bool, typer.Option("--profile", help="Show what each kind of operator costs.")] = False,
    operators: Annotated[bool, typer.Option("--operators", help="As --profile, and every operator.")] = False,
    tune: Annotated[
        bool, typer.Option("--tune", help="Time the ways to run each operator; keep the fastest in FILE.tune.")
    ] = False,
    output: Annotated[Path | None, typer.Option("--json", help="Write what was measured to this file.")] = None,
) -> None:
    """Time a program on made-up inputs: the numbers of threads in turns, median and spread; or profile or tune it."""
    counts = _counts(threads)
    at_once = _counts(concurrency, "--concurrency") if concurrency else []
    if at_once and (tune or profile or operators):
        raise UsageError("--concurrency: got it with --tune, --profile or --operators, expected one of them")
    if tune and (profile or operators):
        raise UsageError("--tune: got it with --profile or --operators, expected one of them; tune first")
    if tune:
        results = _tune(file, counts, size or [], seconds)
        if output:
            _write(output, results)
        return
    programs = {count: load(file, threads=count) for count in counts}
    program = programs[counts[0]].program
    sizes = _sizes(program, size or [])
    arrays = sample_inputs(program, sizes)
    if profile or operators:
        results = _profile(programs, arrays, seconds, operators)
    elif at_once:
        results = _serve(programs, arrays, sizes, at_once, seconds)
    else:
        results = _time(programs, arrays, sizes, seconds)
    if output:
        _write(output, results)


def _time(
    programs: Mapping[int, LoadedProgram], arrays: Sequence[np.ndarray], sizes: Mapping[str, int], seconds: float
) -> list[dict[str, Any]]:
    contenders = {str(count): lambda loaded=loaded: loaded(*arrays) for count, loaded in programs.items()}
    with console.status("Timing"):
        times = interleave(contenders, seconds)
    program = next(iter(programs.values())).program
    console.print(_table(program, sizes, times))
    return [
        {"threads": int(count), "isa": isa(), "sizes": dict(sizes), "milliseconds": timing._asdict()}
        for count, timing in times.items()
    ]


def _serve(
    programs: Mapping[int, LoadedProgram],
    arrays: Sequence[np.ndarray],
    sizes: Mapping[str, int],
    at_once: Sequence[int],
    seconds: float,
) -> list[dict[str, Any]]:
    from octavo.runtime.throughput import throughput

    contenders = {
        (count, callers): (lambda loaded=loaded: loaded(*arrays), callers)
        for count, loaded in programs.items()
        for callers in at_once
    }
    with console.status("Serving"):
        served = throughput(contenders, seconds)
    table = Table()
    for heading in ("threads", "at once", "requests/s", "median", "90th percentile"):
        table.add_column(heading, justify="right")
    for (count, callers), found in served.items():
        rate = f"{found.requests_per_second:,.1f}"
        table.add_row(str(count), str(callers), rate, f"{found.median:.2f} ms", f"{found.high:.2f} ms")
    console.print(table)
    return [
        {"threads": count, "concurrency": callers, "isa": isa(), "sizes": dict(sizes), **found._asdict()}
        for (count, callers), found in served.items()
    ]


def _profile(
    programs: Mapping[int, LoadedProgram], arrays: Sequence[np.ndarray], seconds: float, operators: bool
) -> list[dict[str, Any]]:
    from octavo.report.profile import profile
    from octavo.report.profile_tables import profile_tables

    results = []
    for loaded in programs.values():
        with console.status("Profiling"):
            found = profile(loaded, arrays, seconds / len(programs))
        for table in profile_tables(found, operators):
            console.print(table)
        results.append(found.as_json())
    return results


def _tune(file: Path, counts: list[int], size: list[str], seconds: float) -> list[dict[str, Any]]:
    from octavo.program import load as read_program
    from octavo.report.tuning_table import tuning_table
    from octavo.runtime.tune import tune
    from octavo.runtime.tuning_file import Machine, require_writable, write_variants

    program = read_program(file)
    require_writable(file)
    sizes = _sizes(program, size)
    arrays = sample_inputs(program, sizes)
    results = []
    for count in counts:
        with console.status("Tuning") as status:
            found = tune(program, arrays, count, isa(), seconds / len(counts), status.update)
        console.print(tuning_table(found, count, isa()))
        measured = {"sizes": sizes, "before_ms": found.before_ms, "after_ms": found.after_ms}
        path = write_variants(file, Machine.this(isa(), count), found.variants, measured)
        console.print(f"Wrote {path}: loading {file} uses it from now on", highlight=False)
        results.append({"threads": count, "isa": isa(), **measured, "variants": found.variants})
    return results


def _write(path: Path, results: list[dict[str, Any]]) -> None:
    """Write the results, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(json.dumps(results, indent=1) + "\n")
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    console.print(f"Wrote {path}", style="bold", highlight=False)


def _counts(text: str, option: str = "--threads") -> list[int]:
    try:
        counts = [int(part) for part in text.split(",")]
    except ValueError:
        counts = [0]
    if min(counts) < 1:
        raise UsageError(f"{option}: got {text!r}, expected numbers from 1, as in 1,2")
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
