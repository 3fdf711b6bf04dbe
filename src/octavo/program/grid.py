"""Real numbers as integers of a value: single ones, the ends of a fused clamp, and functions as tables."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from octavo.program.types import QUANT_RANGE, Value


def levels(x: Value) -> np.ndarray:
    """Return the 256 numbers that an 8-bit value can stand for, from its dtype's least integer on: [256] float64."""
    assert x.scale is not None and x.zero_point is not None
    low, high = QUANT_RANGE[x.dtype]
    return (np.arange(low, high + 1, dtype=np.float64) - x.zero_point) * np.float64(x.scale)


def to_integers(numbers: np.ndarray | float, y: Value) -> np.ndarray:
    """Compute `sat(rne(numbers / s_y) + z_y)` in float64.

    Args:
        numbers: any shape, float64, not NaN.
        y: the 8-bit value whose integers they become.

    Returns: of y's dtype.
    """
    assert y.scale is not None and y.zero_point is not None
    steps = np.rint(np.asarray(numbers) / np.float64(y.scale)) + y.zero_point
    return np.clip(steps, *QUANT_RANGE[y.dtype]).astype(y.dtype)


def saturation(low: float | None, high: float | None, y: Value) -> dict[str, int]:
    """Return `clamp_min` and `clamp_max` of an operator with a fused clamp, where they cut the range of y's dtype.

    Args:
        low, high: ends of the clamp as real numbers; None where it has no such end.
        y: the operator's output.
    """
    quant_min, quant_max = QUANT_RANGE[y.dtype]
    clamp_min = quant_min if low is None else int(to_integers(low, y))
    clamp_max = quant_max if high is None else int(to_integers(high, y))
    bounds = {"clamp_min": clamp_min} if clamp_min > quant_min else {}
    return bounds | ({"clamp_max": clamp_max} if clamp_max < quant_max else {})


def function_table(function: Callable[[np.ndarray], np.ndarray], x: Value, y: Value) -> np.ndarray:
    """Compute the constant of a `table`: `table[q − min] = sat(rne(f(s_x · (q − z_x)) / s_y) + z_y)`, in float64.

    Args:
        function: maps [256] float64 to numbers, element by element.
        x, y: the operator's input and output.

    Returns: [256] of y's dtype.
    """
    return to_integers(function(levels(x)), y)
