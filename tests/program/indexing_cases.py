"""Catalogue: operators that take what indices name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from builders import FLOAT, Case, Made, deferred, one_operator, quantized, random_array

from octavo.program import Value

INDEX = Value("int64")
TYPES = {"uint8": quantized(), "float32": FLOAT, "int64": INDEX, "raw-int8": Value("int8")}


def take(shape: Sequence[int], axis: int, indices: Sequence[int], value: Value = FLOAT) -> Case:
    """Return a take of random indices, the first and the last element among them, some counted from the end."""
    rng = np.random.default_rng(0)
    size = shape[axis]
    chosen = rng.integers(-size, size, indices)
    chosen.flat[0], chosen.flat[-1] = -size, size - 1
    return one_operator("take", [random_array(rng, value, shape), chosen], [value, INDEX], value, {"axis": axis})


def gather(shape: Sequence[int], axis: int, indices: Sequence[int], value: Value = FLOAT) -> Case:
    """Return a gather of random indices, the first and the last element among them."""
    rng = np.random.default_rng(0)
    chosen = rng.integers(0, shape[axis], indices)
    chosen.flat[0], chosen.flat[-1] = 0, shape[axis] - 1
    return one_operator("gather", [random_array(rng, value, shape), chosen], [value, INDEX], value, {"axis": axis})


def take_cases() -> Made:
    for name, value in TYPES.items():
        for axis in range(4):
            for indices in ((1,), (9,), (2, 3), (1, 2, 3)):
                if len(indices) < 3 or axis < 3:
                    label = f"axis{axis}-{'x'.join(map(str, indices))}-{name}"
                    yield label, deferred(take, (3, 5, 4, 7), axis, indices, value)
        yield f"rows-{name}", deferred(take, (11, 40), 0, (5, 6), value)
        yield f"vector-{name}", deferred(take, (33,), 0, (70,), value)
        yield f"one-element-{name}", deferred(take, (1,), 0, (3,), value)


def gather_cases() -> Made:
    for name, value in TYPES.items():
        for axis in range(4):
            yield f"axis{axis}-all-{name}", deferred(gather, (3, 5, 4, 7), axis, (3, 5, 4, 7), value)
            fewer = tuple(9 if i == axis else size for i, size in enumerate((2, 3, 4, 1)))
            yield f"axis{axis}-fewer-{name}", deferred(gather, (3, 5, 4, 7), axis, fewer, value)
        yield f"column-{name}", deferred(gather, (11, 40), 1, (11, 1), value)
        yield f"vector-{name}", deferred(gather, (33,), 0, (70,), value)
