"""Maximum and average over windows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from octavo.program.reference.call import Call
from octavo.program.reference.requantize import multiplier, output_scale, requantize
from octavo.program.reference.windows import first_windows, overhang, pad_spatial, sliding_windows


def max_pool(call: Call) -> np.ndarray:
    """Take the largest element of each window; the padding is smaller than every element."""
    x = call.inputs[0]
    lowest = -np.inf if x.dtype == np.float32 else np.iinfo(x.dtype).min
    windows = _windows(x, call, call.attributes["dilation"], lowest)
    return windows.max(axis=tuple(range(x.ndim, windows.ndim)))


def avg_pool(call: Call) -> np.ndarray:
    """Average each window: the exact sum, scaled by `f32(s_x / (s_y · count))`, or in float32 element by element."""
    x = call.inputs[0] if call.is_float else call.centered(0)
    windows = _windows(x, call, (1,) * (x.ndim - 2), 0)
    return _average(windows.reshape(*call.shape, -1), _counts(call), call)


def adaptive_avg_pool(call: Call) -> np.ndarray:
    """Average the windows `[floor(i·n/o), ceil((i+1)·n/o))` of each spatial axis."""
    x = call.inputs[0] if call.is_float else call.centered(0)
    y = np.empty(call.shape, call.output.dtype)
    for position in np.ndindex(*call.shape[2:]):
        window = tuple(
            slice(i * n // o, -(-(i + 1) * n // o))
            for i, n, o in zip(position, x.shape[2:], call.shape[2:], strict=True)
        )
        elements = x[(..., *window)].reshape(*x.shape[:2], -1)
        y[(..., *position)] = _average(elements, elements.shape[-1], call)
    return y


def _average(elements: np.ndarray, count: int | np.ndarray, call: Call) -> np.ndarray:
    """Average over the last axis, in order from its first element."""
    if call.is_float:
        return np.add.accumulate(elements, axis=-1)[..., -1] / np.asarray(count, np.float32)
    total = elements.sum(axis=-1, dtype=np.int64).astype(np.float32)
    return requantize(total * multiplier(call.scale(0), output_scale(call) * np.asarray(count, np.float64)), call)


def _windows(x: np.ndarray, call: Call, dilation: Sequence[int], fill: float) -> np.ndarray:
    """View x as `[n, c, …windows, …kernel]`; what the windows reach beyond x is `fill`."""
    kernel, stride = call.attributes["kernel"], call.attributes["stride"]
    padding = [
        (before, overhang(n, count, k, s, before, d))
        for n, count, k, s, (before, _), d in zip(
            x.shape[2:], call.shape[2:], kernel, stride, call.attributes["padding"], dilation, strict=True
        )
    ]
    return first_windows(sliding_windows(pad_spatial(x, padding, fill), kernel, stride, dilation), call.shape)


def _counts(call: Call) -> int | np.ndarray:
    """Return what each window's sum is divided by: the divisor, or `[…windows]` numbers of elements.

    Elements past the padded input, reached with ceil_mode, never count.
    """
    attributes = call.attributes
    if attributes["divisor"] is not None:
        return attributes["divisor"]
    lengths = []
    for axis, (before, after) in enumerate(attributes["padding"]):
        size = call.inputs[0].shape[2 + axis]
        first, last = (-before, size + after) if attributes["count_include_pad"] else (0, size)
        start = np.arange(call.shape[2 + axis]) * attributes["stride"][axis] - before
        end = start + attributes["kernel"][axis]
        lengths.append(np.minimum(end, last) - np.maximum(start, first))
    return reduce(np.multiply.outer, lengths)
