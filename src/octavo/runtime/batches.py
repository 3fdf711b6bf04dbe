"""Large batches run part by part: activations of many images leave the caches between one layer and the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, prod
from typing import Any

import numpy as np

from octavo.program import Program, ShapeError, infer_shapes

LARGE_BYTES = 8 << 20
"""Activations beyond this are no longer worth keeping together, unless weights, read once a part, are more."""
_INDEPENDENT = frozenset({
    "quantize", "dequantize", "table", "unary", "clamp", "elu", "softplus", "prelu", "add", "mul", "binary", "conv",
    "conv_transpose", "linear", "max_pool", "avg_pool", "adaptive_avg_pool", "channel_shuffle", "concat", "slice",
    "reshape", "permute",
})  # fmt: skip

Shapes = Mapping[str, tuple[int, ...]]


def parts_of_batch(
    program: Program, symbols: Mapping[str, int], shapes: Shapes, arena_bytes: int
) -> list[tuple[int, Shapes]]:
    """Divide a batch whose activations are too many for the caches.

    Args:
        program: what runs.
        symbols: symbol name → size.
        shapes: value name → shape, for the whole batch.
        arena_bytes: of the activations, for the whole batch.

    Returns:
        Of each part in order how many elements of axis 0 it has, and the shapes of all values in it; nothing where the
        batch stays whole: it is small, or the elements of axis 0 do not go their way alone.
    """
    weights = sum(prod(constant.shape) * constant.dtype.itemsize for constant in program.constants.values())
    count = max(1, ceil(arena_bytes / max(LARGE_BYTES, weights)))
    symbol = program.inputs[0].shape[0] if program.inputs and program.inputs[0].shape else 1
    if isinstance(symbol, int):
        return []
    batch = symbols[symbol]
    most = batch // count or 1
    if most == batch:
        return []
    size = next((size for size in range(most, most // 2, -1) if batch % size == 0), most)  # one plan where it can be
    sizes = [size] * (batch // size) + [batch % size] * (batch % size > 0)
    try:
        known = {size: infer_shapes(program, {**symbols, symbol: size}) for size in set(sizes)}
    except ShapeError:  # a symbol's limits, or a size that follows from the batch
        return []
    if not all(_goes_alone(program, shapes, part, batch, size) for size, part in known.items()):
        return []
    return [(size, known[size]) for size in sizes]


def _goes_alone(program: Program, whole: Shapes, part: Shapes, batch: int, size: int) -> bool:
    """Return whether element i of axis 0 of every value follows from elements i of the inputs alone."""
    if any(whole[name] != (batch, *part[name][1:]) or part[name][0] != size for name in program.values):
        return False
    return all(
        operator.type in _INDEPENDENT
        and operator.attributes.get("axis") != 0  # of concat and slice
        and operator.attributes.get("dims", (0,))[0] == 0  # of permute
        and (operator.type == "reshape" or len({len(whole[name]) for name in operator.inputs}) == 1)
        for operator in program.operators
    )


class BatchParts:
    """The plan of a batch as the plans of its parts, which it runs one after the other.

    Args:
        parts: how many elements of axis 0 each part has, and the engine's plan for so many.
        element_bytes: of one element of axis 0 of each input, and of each output.
    """

    def __init__(self, parts: Sequence[tuple[int, Any]], element_bytes: tuple[list[int], list[int]]) -> None:
        ends = np.cumsum([size for size, _ in parts]).tolist()
        self._parts = [(end - size, end, plan) for end, (size, plan) in zip(ends, parts, strict=True)]
        self._element_bytes = element_bytes
        self._plans = list(dict.fromkeys(plan for _, plan in parts))
        self.outputs_channels_last: list[bool] = parts[0][1].outputs_channels_last

    @property
    def arena_bytes(self) -> int:
        """Bytes of memory that activations take."""
        return sum(plan.arena_bytes for plan in self._plans)

    @property
    def live_bytes(self) -> int:
        """Bytes of the largest set of activations that live at once."""
        return max(plan.live_bytes for plan in self._plans)

    def variants(self, threads: int) -> list[tuple[str, list[str]]]:
        """Return the ways to build each operator."""
        return self._plans[0].variants(threads)

    def run(self, inputs: Sequence[np.ndarray], outputs: Sequence[np.ndarray], threads: int) -> None:
        """Run on arrays of the whole batch."""
        for first, end, plan in self._parts:
            plan.run([x[first:end] for x in inputs], [y[first:end] for y in outputs], threads)

    def run_at(self, inputs: Sequence[int], outputs: Sequence[int], threads: int) -> None:
        """Run on memory of the whole batch at these addresses."""
        for first, _, plan in self._parts:
            moved = [
                [address + first * size for address, size in zip(addresses, sizes, strict=True)]
                for addresses, sizes in zip((inputs, outputs), self._element_bytes, strict=True)
            ]
            plan.run_at(*moved, threads)

    def profile(
        self, inputs: Sequence[np.ndarray], outputs: Sequence[np.ndarray], threads: int, rounds: int
    ) -> list[tuple[str, str, float]]:
        """Return kind, name and mean nanoseconds of each step for the whole batch."""
        total: dict[tuple[int, str, str], float] = {}
        for first, end, plan in self._parts:
            rows = plan.profile([x[first:end] for x in inputs], [y[first:end] for y in outputs], threads, rounds)
            for index, (kind, name, nanoseconds) in enumerate(rows):
                total[index, kind, name] = total.get((index, kind, name), 0.0) + nanoseconds
        return [(kind, name, nanoseconds) for (_, kind, name), nanoseconds in total.items()]
