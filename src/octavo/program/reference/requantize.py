"""From exact integers to eight bits: one multiplication and one rounding, in float32."""

from __future__ import annotations

import numpy as np

from octavo.program.reference.call import Call


def multiplier(numerator: float | np.ndarray, denominator: float | np.ndarray) -> np.ndarray:
    """Return `f32(numerator / denominator)`, divided in float64 and rounded to float32 once."""
    return np.asarray(np.float64(numerator) / np.float64(denominator)).astype(np.float32)


def output_scale(call: Call) -> float:
    """Return the scale of the output, 1 where the output is float32."""
    return 1.0 if call.output.scale is None else call.output.scale


def requantize(value: np.ndarray, call: Call) -> np.ndarray:
    """Compute `sat(rne(value) + zero_point)`; `value` is float32, in steps of the output's scale, and not NaN."""
    assert value.dtype == np.float32
    assert call.clamp is not None
    low, high = call.clamp
    shifted = np.rint(value) + np.float32(call.output.zero_point or 0)
    return np.clip(shifted, np.float32(low), np.float32(high)).astype(call.output.dtype)


def quantize_reals(x: np.ndarray, call: Call) -> np.ndarray:
    """Compute `sat(rne(x · inv) + z_y)`, `inv = f32(1/s_y)`, of real numbers x: float32; NaN gives clamp_min."""
    return requantize(np.where(np.isnan(x), np.float32(-np.inf), x) * multiplier(1.0, output_scale(call)), call)
