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


def take(call: Call) -> np.ndarray:
    """Put x at each index in place of `axis`; a negative index counts from the end."""
    (x, indices), axis = call.inputs, call.attributes["axis"]
    _check_indices(call, -x.shape[axis])
    return np.take(x, indices, axis=axis)


def gather(call: Call) -> np.ndarray:
    """Take the element of x at each index along `axis` and at the index's own place along every other."""
    (x, indices), axis = call.inputs, call.attributes["axis"]
    _check_indices(call, 0)
    return x[tuple(indices if i == axis else places for i, places in enumerate(np.indices(indices.shape, sparse=True)))]


def _check_indices(call: Call, lowest: int) -> None:
    (x, indices), axis = call.inputs, call.attributes["axis"]
    wrong = (indices < lowest) | (indices >= x.shape[axis])
    if wrong.any():
        place = np.argwhere(wrong)[0].tolist()
        raise IndexError(
            f"{call.where}: index {indices[tuple(place)]} at {place} is not in axis {axis}, which has {x.shape[axis]}"
            f" elements, expected {lowest} to {x.shape[axis] - 1}"
        )
