"""Layers with int8 weights whose float32 input is quantized as it arrives, each row by its own range."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from octavo.program.reference.call import Call

ONE_OVER_255 = np.float32(1 / 255)
ONE_OVER_127 = np.float32(1 / 127)


class SymmetricRows(NamedTuple):
    """Holds rows of integers, real = scale · q.

    q: [rows, k] int8 in [−127, 127]. scale: [rows, 1] float32, NaN for a row with a NaN or an infinity.
    """

    q: np.ndarray
    scale: np.ndarray


class QuantizedRows(NamedTuple):
    """Holds rows of integers, real = scale · (q − zero_point).

    q: [rows, k] uint8. scale: [rows, 1] float32, NaN for a row that has no finite range. zero_point: [rows, 1] int32.
    """

    q: np.ndarray
    scale: np.ndarray
    zero_point: np.ndarray


def quantize_rows(x: np.ndarray) -> QuantizedRows:
    """Quantize each row of x `[rows, k]` float32 by its own range, widened to hold 0.

    `s = (hi − lo) · f32(1/255)`, `z = clamp(rne(−lo / s), 0, 255)`, `q = clamp(rne(x / s) + z, 0, 255)`, where `/ s` is
    a multiplication by `f32(1/s)`; s is 1 where 1/s is not finite.
    """
    with np.errstate(all="ignore"):
        low = np.minimum(x.min(axis=1, keepdims=True), np.float32(0))
        high = np.maximum(x.max(axis=1, keepdims=True), np.float32(0))
        span = high - low  # NaN where the row holds NaN: minimum and maximum pass it on
        finite = np.isfinite(span)
        scale = np.where(finite, span, np.float32(0)) * ONE_OVER_255
        scale = np.where(np.isfinite(np.float32(1) / scale), scale, np.float32(1))
        inverse = np.float32(1) / scale
        known = np.where(finite, x, np.float32(0))
        zero_point = np.clip(np.rint(-np.where(finite, low, np.float32(0)) * inverse), 0, 255)
        q = np.clip(np.rint(known * inverse) + zero_point, 0, 255)
    return QuantizedRows(q.astype(np.uint8), np.where(finite, scale, np.float32(np.nan)), zero_point.astype(np.int32))


def quantize_rows_symmetric(x: np.ndarray) -> SymmetricRows:
    """Quantize each row of x `[rows, k]` float32 by its own largest magnitude.

    `s = max|x| · f32(1/127)`, `q = clamp(rne(x / s), −127, 127)`, where `/ s` is a multiplication by `f32(1/s)`; s is 1
    where 1/s is not finite.
    """
    with np.errstate(all="ignore"):
        largest = np.abs(x).max(axis=1, keepdims=True)
        finite = np.isfinite(largest)
        scale = np.where(finite, largest, np.float32(0)) * ONE_OVER_127
        scale = np.where(np.isfinite(np.float32(1) / scale), scale, np.float32(1))
        q = np.clip(np.rint(np.where(finite, x, np.float32(0)) * (np.float32(1) / scale)), -127, 127)
    return SymmetricRows(q.astype(np.int8), np.where(finite, scale, np.float32(np.nan)))


def multiply_rows(rows: QuantizedRows, weight: np.ndarray, weight_scale: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Compute `f(acc − z·Σw) · (s · weight_scale[o]) + bias[o]` for each row: float32 `[rows, out]`.

    Args:
        rows: quantized rows of k integers.
        weight: [out, k] int8.
        weight_scale: [out] float32.
        bias: [out] float32.
    """
    # Integers below 2^53 are exact in float64, and BLAS multiplies those.
    centered = rows.q.astype(np.float64) - rows.zero_point
    acc = (centered @ weight.T.astype(np.float64)).astype(np.int32)
    with np.errstate(all="ignore"):
        return acc.astype(np.float32) * (rows.scale * weight_scale) + bias


def dynamic_linear(call: Call) -> np.ndarray:
    """Quantize each row of x, multiply in integers and return float32."""
    x, constants = call.inputs[0], call.constants
    rows = quantize_rows(np.ascontiguousarray(x).reshape(-1, x.shape[-1]))
    return multiply_rows(rows, constants["weight"], constants["weight_scale"], constants["bias"]).reshape(call.shape)
