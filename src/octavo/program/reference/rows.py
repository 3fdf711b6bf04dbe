"""Operators that work on rows: sums, softmax and normalization."""

from __future__ import annotations

import numpy as np

from octavo.program import float_rows
from octavo.program.reference.call import Call


def reduce(call: Call) -> np.ndarray:
    """Compute the sum, mean, max or min along `axis`, in 16 lanes."""
    return float_rows.reduce(call.attributes["function"], call.inputs[0], call.attributes["axis"])


def cumsum(call: Call) -> np.ndarray:
    """Add the elements along `axis` one after the other, from 0; integers wrap."""
    x = call.inputs[0]
    return np.cumsum(x, call.attributes["axis"], dtype=x.dtype) + x.dtype.type(0)


def softmax(call: Call) -> np.ndarray:
    """Compute `exp(x_i − m) / Σ exp(x_j − m)` along `axis`, the sum in 16 lanes."""
    return float_rows.softmax(call.inputs[0], call.attributes["axis"])


def log_softmax(call: Call) -> np.ndarray:
    """Compute `(x_i − m) − ln Σ exp(x_j − m)` along `axis`, the sum in 16 lanes."""
    return float_rows.log_softmax(call.inputs[0], call.attributes["axis"])


def layer_norm(call: Call) -> np.ndarray:
    """Normalize the last `axes` axes as one row, then scale and shift each of its elements."""
    rows = call.inputs[0].reshape(-1, call.constants["weight"].size)
    y = float_rows.normalize(rows, call.attributes["eps"]) * call.constants["weight"] + call.constants["bias"]
    return y.reshape(call.shape)


def group_norm(call: Call) -> np.ndarray:
    """Normalize each of `groups` groups of channels of each image, then scale and shift each channel."""
    x = call.inputs[0]
    batch, channels = x.shape[:2]
    y = float_rows.normalize(x.reshape(batch * call.attributes["groups"], -1), call.attributes["eps"])
    weight, bias = (call.constants[role].reshape(channels, 1) for role in ("weight", "bias"))
    return (y.reshape(batch, channels, -1) * weight + bias).reshape(x.shape)
