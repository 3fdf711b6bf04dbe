"""Activations and other float32 functions of one number, in the single steps of `octavo.program.float_math`.

`core/kernels/float_functions.h` states the same steps.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from octavo.program.float_gelu import gelu
from octavo.program.float_math import (
    Float32,
    clamp,
    erf,
    exp,
    expm1,
    log,
    log1p,
    relu,
    select,
    sigmoid,
    tanh,
)
from octavo.program.float_trigonometry import cos, sin

_f = np.float32
_GELU_LINEAR = _f(1.5957691)  # 2·sqrt(2/pi)
_GELU_CUBIC = _f(0.071354814)  # 0.044715 of it


def silu(x: Float32) -> Float32:
    """Compute x · sigmoid(x)."""
    return x * sigmoid(x)


def gelu_tanh(x: Float32) -> Float32:
    """Compute x · sigmoid(x·(2·√(2/π) + 2·√(2/π)·0.044715·x²)), which is (x/2)·(1 + tanh(…/2))."""
    return x * sigmoid(x * (_GELU_LINEAR + _GELU_CUBIC * (x * x)))


def mish(x: Float32) -> Float32:
    """Compute x · tanh(ln(1 + e^x)) = x · (a / b), with e = exp(−|x|).

    a = e·e + 2e, b = a + 2 for x < 0; a = 2e + 1, b = a + 2e·e otherwise.
    """
    e = exp(-np.abs(x))
    twice = _f(2.0) * e
    negative = x < _f(0.0)
    a = select(negative, e * e + twice, twice + _f(1.0))
    return x * np.divide(a, a + select(negative, _f(2.0), twice * e), dtype=np.float32)


def log_sigmoid(x: Float32) -> Float32:
    """Compute min(x, 0) − ln(1 + exp(−|x|))."""
    return select(_f(0.0) < x, _f(0.0), x) - log1p(exp(-np.abs(x)))


def elu(x: Float32, alpha: float, scale: float, input_scale: float) -> Float32:
    """Compute scale · (x where x > 0, else alpha · (exp(input_scale · x) − 1)), input_scale > 0."""
    with np.errstate(all="ignore"):
        return _f(scale) * select(_f(0.0) < x, x, _f(alpha) * expm1(x * _f(input_scale)))


def softplus(x: Float32, beta: float, threshold: float) -> Float32:
    """Compute x where z > threshold, else (max(z, 0) + ln(1 + exp(−|z|))) / beta, with z = x · beta."""
    with np.errstate(all="ignore"):
        z = x * _f(beta)
        y = select(z < _f(0.0), _f(0.0), z) + log1p(exp(-np.abs(z)))
        return select(_f(threshold) < z, x, np.divide(y, _f(beta), dtype=np.float32))


def prelu(x: Float32, slope: Float32) -> Float32:
    """Compute slope · x where x < 0, else x (NaN stays NaN)."""
    with np.errstate(all="ignore"):
        return select(x < _f(0.0), slope * x, x)


def hardsigmoid(x: Float32) -> Float32:
    """Compute min(max(x + 3, 0), 6) / 6."""
    return np.divide(clamp(x + _f(3.0), 0.0, 6.0), _f(6.0), dtype=np.float32)


def hardswish(x: Float32) -> Float32:
    """Compute x · hardsigmoid(x)."""
    return x * hardsigmoid(x)


_UNARY: dict[str, Callable[[Any], Any]] = {
    "relu": relu,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "exp": exp,
    "silu": silu,
    "gelu": gelu,
    "hardswish": hardswish,
    "hardsigmoid": hardsigmoid,
    "erf": erf,
    "log": log,
    "sqrt": np.sqrt,
    "neg": np.negative,
    "abs": np.abs,
    "reciprocal": lambda x: _f(1.0) / x,
    "gelu_tanh": gelu_tanh,
    "mish": mish,
    "log_sigmoid": log_sigmoid,
    "rsqrt": lambda x: _f(1.0) / np.sqrt(x),
    "sin": sin,
    "cos": cos,
}
UNARY_FUNCTIONS: tuple[str, ...] = tuple(_UNARY)


def unary(function: str, x: Float32) -> Float32:
    """Apply the function of that name (one of `UNARY_FUNCTIONS`) to each element of a float32 array.

    Raises: ValueError when there is no such function or x is not float32.
    """
    if function not in _UNARY:
        raise ValueError(f"unary: function is {function!r}; expected one of {', '.join(UNARY_FUNCTIONS)}")
    if x.dtype != np.float32:
        raise ValueError(f"unary {function!r}: x is {x.dtype}; expected float32")
    with np.errstate(all="ignore"):
        return _UNARY[function](np.atleast_1d(x)).reshape(x.shape)
