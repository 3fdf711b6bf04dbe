"""Catalogue: operators that compute nothing from the elements of other values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from builders import FLOAT, Case, Made, deferred, one_operator, quantized, random_array

from octavo.program import Value


def constant(shape: Sequence[int]) -> Case:
    """Return a constant."""
    value = np.random.default_rng(0).normal(0, 1, shape).astype(np.float32)
    return one_operator("constant", [], [], FLOAT, {}, {"value": value})


def range_of(shape: Sequence[int], axis: int, x: Value, start: int, step: int) -> Case:
    """Return the range of one axis of x."""
    given = random_array(np.random.default_rng(0), x, shape)
    return one_operator("range", [given], [x], Value("int64"), {"axis": axis, "start": start, "step": step})


def constant_cases() -> Made:
    for shape in ((1,), (7,), (3, 5), (1, 300, 4), (2, 3, 4, 5), (1, 1, 2, 3, 4, 33)):
        yield "x".join(map(str, shape)), deferred(constant, shape)


def range_cases() -> Made:
    kinds = {"float32": FLOAT, "uint8": quantized(), "int64": Value("int64")}
    for label, x in kinds.items():
        for axis in (0, 1, 2):
            yield f"{label}-axis{axis}", deferred(range_of, (3, 17, 1), axis, x, 2, -3)
    yield "still", deferred(range_of, (1, 5), 1, FLOAT, -1, 0)
    yield "largest", deferred(range_of, (70001,), 0, FLOAT, 2**31 - 1, 2**20)
