"""The states of all layers in one tensor, as a program takes them apart and puts them together."""

from __future__ import annotations

from octavo.ops.operators import FLOAT
from octavo.program.build import ProgramBuilder


def take_state(builder: ProgramBuilder, stacked: str, index: int, hidden: int) -> str:
    """Take one layer's state, [n, hidden], out of [layers, n, hidden]."""
    attributes = {"axis": 0, "start": index, "end": index + 1, "step": 1}
    one = builder.emit("slice", [stacked], f"{stacked}_{index}", FLOAT, attributes)
    return builder.emit("reshape", [one], f"{stacked}_{index}_flat", FLOAT, {"shape": (-1, hidden)})


def stack_states(builder: ProgramBuilder, names: list[str], output: str, hidden: int) -> str:
    """Stack the states of all layers, [n, hidden] each, to [layers, n, hidden]."""
    parts = [
        builder.emit("reshape", [name], f"{output}_{i}", FLOAT, {"shape": (1, -1, hidden)})
        for i, name in enumerate(names)
    ]
    return parts[0] if len(parts) == 1 else builder.emit("concat", parts, output, FLOAT, {"axis": 0})
