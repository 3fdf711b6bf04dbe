"""Operators that bring a set of elements to mean 0 and variance 1."""

from __future__ import annotations

import numpy as np

from octavo.program.float_rows import normalize
from octavo.program.reference.call import Call


def layer_norm(call: Call) -> np.ndarray:
    """Normalize the last `axes` axes as one row, then scale and shift each of its elements."""
    rows = call.inputs[0].reshape(-1, call.constants["weight"].size)
    y = normalize(rows, call.attributes["eps"]) * call.constants["weight"] + call.constants["bias"]
    return y.reshape(call.shape)


def group_norm(call: Call) -> np.ndarray:
    """Normalize each of `groups` groups of channels of each image, then scale and shift each channel."""
    x = call.inputs[0]
    batch, channels = x.shape[:2]
    y = normalize(x.reshape(batch * call.attributes["groups"], -1), call.attributes["eps"])
    weight, bias = (call.constants[role].reshape(channels, 1) for role in ("weight", "bias"))
    return (y.reshape(batch, channels, -1) * weight + bias).reshape(x.shape)
