"""Products of two values, neither of them a constant."""

from __future__ import annotations

import numpy as np

from octavo.program.reference.call import Call
from octavo.program.reference.dynamic import quantize_rows, quantize_rows_symmetric
from octavo.program.reference.requantize import multiplier, output_scale, requantize

ZERO = np.float32(0)  # added to a product, it makes 0 of the −0 that underflow leaves


def dynamic_matmul(call: Call) -> np.ndarray:
    """Quantize each row of a to uint8 and each column of b to int8, multiply in integers and return float32."""
    a, b = call.inputs[0], _columns_last(call.inputs[1], call)
    rows = quantize_rows(a.reshape(-1, a.shape[-1]))
    columns = quantize_rows_symmetric(b.swapaxes(-1, -2).reshape(-1, b.shape[-2]))
    centered = (rows.q.astype(np.int32) - rows.zero_point).reshape(a.shape)
    weight = columns.q.reshape(*b.shape[:-2], b.shape[-1], b.shape[-2]).swapaxes(-1, -2)
    scale = rows.scale.reshape(*a.shape[:-1], 1) * columns.scale.reshape(*b.shape[:-2], 1, b.shape[-1])
    return exact_product(centered, weight) * scale + ZERO


def matmul(call: Call) -> np.ndarray:
    """Compute `acc = Σ (a − z_a)·(b − z_b)`, requantized or dequantized; or all in float32, in order of k from 0."""
    if call.is_float:
        a, b = call.inputs[0], _columns_last(call.inputs[1], call)
        y = np.zeros(call.shape, np.float32)
        for k in range(a.shape[-1]):
            y += a[..., k, None] * b[..., None, k, :]
        return y
    acc = exact_product(call.centered(0), _columns_last(call.centered(1), call))
    real = acc * multiplier(call.scale(0) * call.scale(1), output_scale(call))
    return real + ZERO if call.output.dtype == "float32" else requantize(real, call)


def exact_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return `f(a @ b)` of integers whose sums stay in int32: exact in float64, then float32."""
    return (a.astype(np.float64) @ b.astype(np.float64)).astype(np.float32)


def _columns_last(b: np.ndarray, call: Call) -> np.ndarray:
    """Return b as [..., k, n]."""
    return b.swapaxes(-1, -2) if call.attributes["transpose_b"] else b
