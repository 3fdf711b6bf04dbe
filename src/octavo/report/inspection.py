"""A program as a table."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table

from octavo.program import Input, Program, Value, infer_shapes
from octavo.report.macs import macs


def inspection_table(program: Program, sizes: Mapping[str, int] | None = None) -> Table:
    """Tabulate the operators of a program: inputs, shape, dtype, qparams, parameters and multiplications.

    Args:
        program: any program.
        sizes: symbol name to size; default: the symbols' examples.
    """
    shapes = infer_shapes(program, sizes or {name: symbol.example for name, symbol in program.symbols.items()})
    counts = macs(program, shapes)
    table = Table(box=None, padding=(0, 2, 0, 0), title_justify="left", caption_justify="left", title=_title(program))
    for heading in ("operator", "type"):
        table.add_column(heading, overflow="fold")  # on a narrow terminal names give way, numbers stay whole
    for heading in ("output", "dtype"):
        table.add_column(heading, no_wrap=True)
    for heading in ("scale", "zero\npoint", "weights", "MMAC"):
        table.add_column(heading, justify="right", no_wrap=True)
    for given in program.inputs:
        table.add_row(given.name, "input", _dimensions(given.shape), *_qparams(program.values[given.name]), "", "")
    for operator in program.operators:
        output = operator.outputs[0]
        weights = sum(program.constants[name].size for name in operator.constants.values())
        table.add_row(
            operator.name, operator.type, _dimensions(shapes[output]), *_qparams(program.values[output]),
            f"{weights:,}" if weights else "", f"{counts[operator.name] / 1e6:.2f}" if operator.name in counts else "",
        )  # fmt: skip
    table.caption = _totals(program, counts)
    return table


def _title(program: Program) -> str:
    inputs = ", ".join(_declared(given) for given in program.inputs)
    return f"{program.producer}: ({inputs}) → {', '.join(program.outputs)}"


def _declared(given: Input) -> str:
    return f"{given.name}: {given.dtype} {_dimensions(given.shape)}"


def _dimensions(shape: tuple[int | str, ...]) -> str:
    return "×".join(str(size) for size in shape)


def _qparams(value: Value) -> tuple[str, str, str]:
    if value.scale is None:
        return value.dtype, "", ""
    return value.dtype, f"{value.scale:.4g}", str(value.zero_point)


def _totals(program: Program, counts: Mapping[str, int]) -> str:
    constants = sum(array.nbytes for array in program.constants.values())
    symbols = ", ".join(
        f"{name} {symbol.min}…{'' if symbol.max is None else symbol.max}, shown at {symbol.example}"
        for name, symbol in program.symbols.items()
    )
    lines = [
        f"{len(program.operators)} operators, {constants / 1e3:,.1f} kB of constants, "
        f"{sum(counts.values()) / 1e6:,.2f} million multiplications"
    ]
    return "\n".join(lines + ([f"symbols: {symbols}"] if symbols else []))
