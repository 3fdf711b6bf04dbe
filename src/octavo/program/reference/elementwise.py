"""Operators that treat each element alike."""

from __future__ import annotations

import numpy as np

from octavo.program import float_functions, float_math
from octavo.program.reference.call import Call
from octavo.program.reference.requantize import multiplier, output_scale, quantize_reals, requantize


def cast(call: Call) -> np.ndarray:
    """Compute f(x), or 1.0 where x != 0, else 0.0."""
    x = call.inputs[0]
    return (x if call.attributes["function"] == "value" else x != 0).astype(np.float32)


def truncate(call: Call) -> np.ndarray:
    """Round toward 0, to −2³⁰ or 2³⁰ beyond those; NaN gives 0."""
    x = call.inputs[0]
    held = np.clip(x, np.float32(-(2**30)), np.float32(2**30))
    return np.where(np.isnan(x), np.float32(0), held).astype(np.int64)


def quantize(call: Call) -> np.ndarray:
    """Compute `sat(rne(x · inv) + z_y)`, `inv = f32(1/s_y)`; NaN gives clamp_min."""
    return quantize_reals(call.inputs[0], call)


def dequantize(call: Call) -> np.ndarray:
    """Compute `f(x − z_x) · s_x`."""
    return call.centered(0).astype(np.float32) * np.float32(call.scale(0))


def add(call: Call) -> np.ndarray:
    """Compute `sat(rne(f(a − z_a)·m_a + f(b − z_b)·m_b) + z_y)`, or a + b in float32."""
    if call.is_float:
        return call.inputs[0] + call.inputs[1]
    a, b = (call.centered(i).astype(np.float32) * multiplier(call.scale(i), output_scale(call)) for i in (0, 1))
    return requantize(a + b, call)


def mul(call: Call) -> np.ndarray:
    """Compute `sat(rne(f((a − z_a)·(b − z_b)) · m) + z_y)`, or a · b in float32."""
    if call.is_float:
        return call.inputs[0] * call.inputs[1]
    product = call.centered(0) * call.centered(1)
    return requantize(product.astype(np.float32) * multiplier(call.scale(0) * call.scale(1), output_scale(call)), call)


_BINARY = {
    "sub": np.subtract,
    "div": np.divide,
    "maximum": float_math.maximum,
    "minimum": float_math.minimum,
}


def binary(call: Call) -> np.ndarray:
    """Compute a − b, a / b or their maximum or minimum, in which NaN wins."""
    return _BINARY[call.attributes["function"]](*call.inputs)


def where(call: Call) -> np.ndarray:
    """Compute a where the condition is not 0, else b."""
    condition, a, b = call.inputs
    return np.where(condition != 0, a, b)


def table(call: Call) -> np.ndarray:
    """Look each element up: `table[x − min of x's dtype]`."""
    x = call.inputs[0]
    return call.constants["table"][x.astype(np.int32) - np.iinfo(x.dtype).min]


def clamp(call: Call) -> np.ndarray:
    """Limit x to [min, max]; NaN stays NaN."""
    return float_math.clamp(call.inputs[0], call.attributes["min"], call.attributes["max"])


def unary(call: Call) -> np.ndarray:
    """Apply a float function of `octavo.program.float_functions`."""
    return float_functions.unary(call.attributes["function"], call.inputs[0])


def elu(call: Call) -> np.ndarray:
    """Compute `scale · (x where x > 0, else alpha · (exp(input_scale · x) − 1))`."""
    return float_functions.elu(call.inputs[0], **call.attributes)


def softplus(call: Call) -> np.ndarray:
    """Compute `ln(1 + exp(beta · x)) / beta`, and x itself where `beta · x > threshold`."""
    return float_functions.softplus(call.inputs[0], **call.attributes)


def prelu(call: Call) -> np.ndarray:
    """Compute x, times the slope of its channel (axis 1) where x < 0."""
    x, slope = call.inputs[0], call.constants["slope"]
    return float_functions.prelu(x, slope if slope.size == 1 else slope.reshape(-1, *[1] * (x.ndim - 2)))
