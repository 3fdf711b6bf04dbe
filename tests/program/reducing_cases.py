"""Catalogue: operators that combine the elements along an axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from builders import FLOAT, Case, Made, deferred, one_operator, unary_operator

from octavo.program import Value

SIZES = (*range(1, 11), 15, 16, 17, 31, 32, 33, 63, 65, 127, 129, 1000)


def _softmax_cases(kind: str) -> Made:
    for size in SIZES:
        yield f"last-axis-{size}", deferred(unary_operator, kind, (3, size), FLOAT, axis=1)
    for axis in range(4):
        yield f"axis{axis}-of-4", deferred(unary_operator, kind, (3, 18, 5, 4), FLOAT, axis=axis)
    spread = np.linspace(-300, 300, 99, dtype=np.float32).reshape(3, 33)
    yield "spread", deferred(one_operator, kind, [spread], [FLOAT], FLOAT, {"axis": 1})
    equal = np.full((2, 40), 3e38, np.float32)
    yield "equal", deferred(one_operator, kind, [equal], [FLOAT], FLOAT, {"axis": 1})


def softmax_cases() -> Made:
    return _softmax_cases("softmax")


def log_softmax_cases() -> Made:
    yield from _softmax_cases("log_softmax")
    missing = np.array([[0, -np.inf], [np.inf, 0], [-np.inf, -np.inf], [np.nan, 0]], np.float32)
    yield "special", deferred(one_operator, "log_softmax", [missing], [FLOAT], FLOAT, {"axis": 1})


def _special(function: str, shape: Sequence[int], axis: int) -> Case:
    """Return a reduction over NaN, infinities and zeros of both signs, at every place of a stripe."""
    rng = np.random.default_rng(1)
    x = rng.choice(np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, 3e38, -3e38, 1e-45], np.float32), shape)
    x[rng.random(shape) < 0.01] = np.nan
    return one_operator("reduce", [x], [FLOAT], FLOAT, {"function": function, "axis": axis, "keepdim": False})


def reduce_cases() -> Made:
    def made(shape: Sequence[int], axis: int, keepdim: bool = False) -> Callable[[], Case]:
        return deferred(unary_operator, "reduce", shape, FLOAT, function=function, axis=axis, keepdim=keepdim)

    for function in ("sum", "mean", "max", "min"):
        for size in SIZES:
            yield f"{function}-rows-{size}", made((3, size), 1)
            yield f"{function}-columns-{size}", made((size, 19), 0)
        for axis in range(4):
            yield f"{function}-axis{axis}-of-4", made((3, 18, 5, 34), axis)
            yield f"{function}-axis{axis}-of-4-kept", made((3, 18, 5, 34), axis, True)
        for width in (1, 7, 8, 16, 33, 384):
            yield f"{function}-pooling-{width}", made((2, 21, width), 1)
        yield f"{function}-to-scalar", made((37,), 0)
        yield f"{function}-6-axes", made((2, 1, 3, 2, 2, 3), 2)
        for axis in (0, 1):
            yield f"{function}-special-axis{axis}", deferred(_special, function, (40, 40), axis)


def cumsum_cases() -> Made:
    index = Value("int64")
    for kind in (FLOAT, index):
        for size in (1, 2, 17, 129):
            yield f"{kind.dtype}-rows-{size}", deferred(unary_operator, "cumsum", (3, size), kind, axis=1)
        for axis in range(4):
            yield f"{kind.dtype}-axis{axis}-of-4", deferred(unary_operator, "cumsum", (3, 18, 5, 4), kind, axis=axis)
    huge = np.full((2, 5), 2**62, np.int64)
    yield "wraps", deferred(one_operator, "cumsum", [huge], [index], index, {"axis": 1})
    special = np.array([[0.0, 1, np.inf, 1, -np.inf, 2], [-0.0, 3e38, 3e38, 1, np.nan, 1]], np.float32)
    yield "special", deferred(one_operator, "cumsum", [special], [FLOAT], FLOAT, {"axis": 1})
