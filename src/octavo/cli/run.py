"""octavo run: a file, on arrays."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from octavo.cli.guard import UsageError, console, guarded
from octavo.cli.samples import read_arrays
from octavo.program import load
from octavo.runtime import LoadedProgram


@guarded
def run(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .octavo file.")],
    inputs: Annotated[
        list[str],
        typer.Option("--input", "-i", help="x.npy or name=x.npy, once for each input; or a .npz with all by name."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="y.npz with every output, or y.npy for a single one.")],
    threads: Annotated[int | None, typer.Option(min=1, help="Default: all processors.")] = None,
) -> None:
    """Run a program on arrays and write what it returns."""
    if output.suffix not in (".npy", ".npz"):
        raise UsageError(f"--output {output}: expected a name that ends in .npy or .npz")
    program = load(file)
    flat = replace(program, output_structure=list(range(len(program.outputs))))
    positional, named = _read(inputs)
    outputs = dict(zip(program.outputs, LoadedProgram(flat, threads)(*positional, **named), strict=True))
    if output.suffix == ".npy" and len(outputs) != 1:
        raise UsageError(
            f"--output {output}: the program has {len(outputs)} outputs; expected a name that ends in .npz"
        )
    _write(output, outputs)
    for name, array in outputs.items():
        console.print(f"{name}: {array.dtype} {list(array.shape)}", highlight=False)
    console.print(f"Wrote {output}", style="bold", highlight=False)


def _read(inputs: list[str]) -> tuple[list[np.ndarray], dict[str, np.ndarray]]:
    positional: list[np.ndarray] = []
    named: dict[str, np.ndarray] = {}
    for text in inputs:
        name, separator, path = text.rpartition("=")
        arrays = read_arrays(Path(path))
        if separator and len(arrays) == 1:
            named[name] = next(iter(arrays.values()))
        elif separator:
            raise UsageError(f"--input {text}: {path} holds {len(arrays)} arrays, expected one for {name!r}")
        elif "" in arrays:
            positional.append(arrays[""])
        else:
            named |= arrays
    return positional, named


def _write(path: Path, outputs: dict[str, np.ndarray]) -> None:
    """Write the arrays, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as stream:
            if path.suffix == ".npy":
                np.save(stream, next(iter(outputs.values())))
            else:
                np.savez(stream, **outputs)  # type: ignore[arg-type]
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
