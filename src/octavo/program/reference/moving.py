"""Operators that move elements and change none."""

from __future__ import annotations

import numpy as np

from octavo.program.moving_rules import slice_range
from octavo.program.reference.call import Call


def concat(call: Call) -> np.ndarray:
    """Join the inputs along `axis`."""
    return np.concatenate(call.inputs, axis=call.attributes["axis"])


def reshape(call: Call) -> np.ndarray:
    """Keep the elements in row-major order."""
    return call.inputs[0].reshape(call.shape)


def permute(call: Call) -> np.ndarray:
    """Make axis `dims[i]` of x axis i of y."""
    return np.transpose(call.inputs[0], call.attributes["dims"])


def slice_(call: Call) -> np.ndarray:
    """Take `start:end:step` of `axis`."""
    axis = call.attributes["axis"]
    return np.take(call.inputs[0], slice_range(call.inputs[0].shape[axis], call.attributes), axis=axis)


def pad(call: Call) -> np.ndarray:
    """Surround x with real zeros: the zero_point, or 0.0."""
    return np.pad(call.inputs[0], call.attributes["padding"], constant_values=call.output.zero_point or 0)


def channel_shuffle(call: Call) -> np.ndarray:
    """Move channel `i·(c/groups) + j` to `j·groups + i`."""
    x, groups = call.inputs[0], call.attributes["groups"]
    split = x.reshape(x.shape[0], groups, x.shape[1] // groups, *x.shape[2:])
    return split.swapaxes(1, 2).reshape(x.shape)
