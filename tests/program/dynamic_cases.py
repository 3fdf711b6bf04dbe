"""Catalogue: layers that quantize float32 rows as they arrive."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from builders import FLOAT, Case, Made, deferred, one_operator
from weighted_cases import SIZES


def dynamic_weights(rng: np.random.Generator, shape: Sequence[int]) -> dict[str, np.ndarray]:
    """Return `weight`, `weight_scale` and `bias` of a dynamic layer."""
    return {
        "weight": rng.integers(-127, 127, shape, endpoint=True, dtype=np.int8),
        "weight_scale": rng.uniform(0.001, 0.02, shape[0]).astype(np.float32),
        "bias": rng.normal(0, 1, shape[0]).astype(np.float32),
    }


def dynamic_linear(seed: int = 0, x: Sequence[int] = (1, 16), out: int = 8) -> Case:
    """Return a dynamic layer; each row of x has a size and a sign of its own: both signs, one, the other."""
    rng = np.random.default_rng(seed)
    array = rng.normal(0, 1, x).astype(np.float32)
    rows = array.reshape(-1, x[-1])
    rows[1::3] = np.abs(rows[1::3])
    rows[2::3] = -np.abs(rows[2::3])
    rows *= np.float32(10) ** rng.integers(-6, 7, (len(rows), 1)).astype(np.float32)
    return one_operator("dynamic_linear", [array], [FLOAT], FLOAT, {}, dynamic_weights(rng, (out, x[-1])))


def _rows(*rows: Sequence[float]) -> Case:
    """Return a dynamic layer of 19 outputs with these rows between ordinary ones."""
    rng = np.random.default_rng(len(rows))
    x = rng.normal(0, 1, (2 * len(rows) + 1, len(rows[0]))).astype(np.float32)
    x[1::2] = rows
    return one_operator("dynamic_linear", [x], [FLOAT], FLOAT, {}, dynamic_weights(rng, (19, x.shape[1])))


def _extreme(high: bool) -> Case:
    """Every sum at its worst, just inside int32: all weights ±127, each row one number."""
    depth = (2**31 - 1) // (127 * 255)
    weights = dynamic_weights(np.random.default_rng(0), (3, depth))
    weights["weight"] = np.repeat(np.int8([[127], [-127], [127]]), depth, axis=1)
    x = np.full((2, depth), 2.5 if high else -2.5, np.float32)
    return one_operator("dynamic_linear", [x], [FLOAT], FLOAT, {}, weights)


def dynamic_linear_cases() -> Made:
    for size in SIZES:
        yield f"in{size}", deferred(dynamic_linear, x=(2, size), out=5)
        yield f"out{size}", deferred(dynamic_linear, x=(1, 7), out=size)
        yield f"tile-in{size}", deferred(dynamic_linear, x=(21, size), out=45)
    for rows in range(1, 71):
        yield f"rows{rows}", deferred(dynamic_linear, x=(rows, 70), out=37)
    yield "one", deferred(dynamic_linear, x=(1, 1), out=1)
    yield "deep", deferred(dynamic_linear, x=(3, 5000), out=33)
    yield "wide", deferred(dynamic_linear, x=(2, 64), out=1000)
    yield "one-axis", deferred(dynamic_linear, x=(33,), out=18)
    yield "four-axes", deferred(dynamic_linear, x=(2, 3, 4, 33), out=18)
    inf, nan = np.inf, np.nan
    yield "zeros", lambda: _rows([0.0] * 5, [-0.0] * 5)
    yield "constant", lambda: _rows([3.7] * 9, [-3.7] * 9, [0.0] * 8 + [1.0], [-1.0] + [0.0] * 8)
    yield "huge", lambda: _rows([1e30, -1e30, 3.0], [1e30, 2e30, 3e30], [-1.7e38, 1.7e38, 0.0])
    yield "beyond-float32", lambda: _rows([3e38, -3e38, 0.0], [3.4e38, 0.0, 0.0])
    yield "tiny", lambda: _rows([1e-36, -1e-36, 0.0], [1e-37, 7e-37, 0.0], [5e-39, -3e-39, 1e-39], [1e-45, 0.0, 0.0])
    yield "inverse-just-finite", lambda: _rows([2.0**-120, 2.0**-121, 0.0], [2.0**-119, -(2.0**-120), 2.0**-125])
    yield "nan", lambda: _rows([nan, 1.0, 2.0], [1.0, 2.0, nan], [nan] * 3, [-nan, 0.0, 0.0])
    yield "infinity", lambda: _rows([inf, 1.0, 2.0], [1.0, -inf, 2.0], [inf, -inf, 0.0], [inf, nan, -inf])
    yield "nan-in-a-vector", lambda: _rows(*([float(i)] * i + [nan] + [1.0] * (40 - i) for i in range(0, 41, 5)))
    yield "ties", lambda: _rows([i + 0.5 for i in range(-100, 100)] + [155.0], [0.5 * i for i in range(201)])
    yield "extreme-high", deferred(_extreme, True)
    yield "extreme-low", deferred(_extreme, False)
