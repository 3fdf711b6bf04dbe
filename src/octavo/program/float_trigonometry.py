"""Sine and cosine in the steps of `octavo.program.float_math`; `core/kernels/float_trigonometry.h` states the same."""

import numpy as np

from octavo.program.float_math import MAGIC, Float32, horner, int_bits, select

_f = np.float32
_TWO_OVER_PI = _f(0.63661975)
# pi/2 in parts of ten significant bits and a rest: n times one of them is exact for |n| < 2**14.
_HALF_PI = tuple(_f(part) for part in (1.5703125, 0.00048398972, -1.6298145e-07, 6.082246e-11, -5.1453115e-14))
_LIMIT = _f(16384.0)
# Minimax coefficients, highest power first.
_SIN = (2.7182743e-06, -0.0001983933, 0.008333329, -0.16666667)
_COS = (-2.720989e-07, 2.4799516e-05, -0.0013888883, 0.041666668)


def sin(x: Float32) -> Float32:
    """Compute sin x for |x| <= 16384; NaN beyond."""
    return _sine(x, 0)


def cos(x: Float32) -> Float32:
    """Compute cos x, a quarter of a turn ahead of sin x, for |x| <= 16384; NaN beyond."""
    return _sine(x, 1)


def _sine(x: Float32, quarters: int) -> Float32:
    """Compute sin(x + quarters · pi/2) from x = n · pi/2 + (r + e), |r| <= pi/4, e what r lost by rounding."""
    shifted = x * _TWO_OVER_PI + MAGIC
    n = shifted - MAGIC
    r = (x - n * _HALF_PI[0]) - n * _HALF_PI[1]
    e = np.zeros_like(x)
    for part in _HALF_PI[2:]:
        less, product = r - n * part, n * part
        e = e + ((r - less) - product)
        r = less
    quarter = int_bits(shifted) + np.int32(quarters)
    square = np.multiply(r, r, dtype=np.float32)
    sine = np.add(r, e + r * square * horner(square, _SIN), dtype=np.float32)
    half = _f(0.5) * square
    high = _f(1.0) - half
    cosine = high + (((_f(1.0) - high) - half) + (square * square * horner(square, _COS) - r * e))
    y = select((quarter << 31) < 0, cosine, sine)
    y = select(((quarter >> 1) << 31) < 0, np.negative(y), y)
    return select(np.abs(x) > _LIMIT, _f(np.nan), y)
