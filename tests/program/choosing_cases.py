"""Catalogue: float32 functions of two tensors, and the choice between two."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from builders import FLOAT, Case, Made, deferred, one_operator, random_array
from pointwise_cases import BROADCASTS, SHAPES, SPECIAL

from octavo.program.schema import BINARY_FUNCTIONS

ANY = np.append(SPECIAL, np.float32(np.nan))


def _binary(function: str, *shapes: Sequence[int]) -> Case:
    rng = np.random.default_rng(0)
    arrays = [random_array(rng, FLOAT, shape) for shape in shapes]
    return one_operator("binary", arrays, [FLOAT] * 2, FLOAT, {"function": function})


def binary_cases() -> Made:
    pairs = [np.ascontiguousarray(grid) for grid in np.meshgrid(ANY, ANY)]
    for function in BINARY_FUNCTIONS:
        for shape in SHAPES:
            yield f"{function}-{'x'.join(map(str, shape))}", deferred(_binary, function, shape, shape)
        for label, (a, b) in BROADCASTS.items():
            yield f"{function}-broadcast-{label}", deferred(_binary, function, a, b)
        attributes = {"function": function}
        yield f"{function}-special", deferred(one_operator, "binary", pairs, [FLOAT] * 2, FLOAT, attributes)


def _where(condition: Sequence[int], a: Sequence[int], b: Sequence[int]) -> Case:
    """Return a choice by conditions of 0, -0, 1 and more, NaN among them."""
    rng = np.random.default_rng(0)
    chosen = rng.choice(np.array([0, -0.0, 0, 1, 1e-45, -1, np.nan, np.inf], np.float32), condition)
    arrays = [np.asarray(chosen, np.float32), random_array(rng, FLOAT, a), random_array(rng, FLOAT, b)]
    return one_operator("where", arrays, [FLOAT] * 3, FLOAT)


def where_cases() -> Made:
    for shape in SHAPES:
        yield "x".join(map(str, shape)), deferred(_where, shape, shape, shape)
    for label, (a, b) in BROADCASTS.items():
        yield f"broadcast-{label}", deferred(_where, a, b, ())
        yield f"broadcast-{label}-back", deferred(_where, (), a, b)
    yield "mask", deferred(_where, (2, 1, 1, 33), (2, 3, 5, 33), (1,))
    yield "all-different", deferred(_where, (3, 1, 1), (4, 1), (2, 1, 1, 5))
