"""Operators that compute nothing from the elements of other values."""

from __future__ import annotations

import numpy as np

from octavo.program.reference.call import Call


def constant(call: Call) -> np.ndarray:
    """Give the constant `value`."""
    return call.constants["value"]


def range_(call: Call) -> np.ndarray:
    """Give `start + i · step` for each index i of the axis of x."""
    start, step = call.attributes["start"], call.attributes["step"]
    return start + np.arange(call.shape[0], dtype=np.int64) * step
