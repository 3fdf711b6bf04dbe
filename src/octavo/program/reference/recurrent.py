"""Recurrent layers with int8 weights: the input and the state are quantized row by row as they arrive."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from octavo.program import float_math
from octavo.program.reference.call import Call
from octavo.program.reference.dynamic import multiply_rows, quantize_rows

# States from the products of the input and of the state [n, gates, hidden], and the states before; h comes first.
Cell = Callable[[np.ndarray, np.ndarray, list[np.ndarray]], list[np.ndarray]]


def lstm(call: Call) -> tuple[np.ndarray, ...]:
    """Compute `c = f·c + i·g`, `h = o·tanh(c)` for each time step."""
    return _walk(call, _lstm_cell, states=2)


def gru(call: Call) -> tuple[np.ndarray, ...]:
    """Compute `h = (1 − z)·n + z·h` for each time step."""
    return _walk(call, _gru_cell, states=1)


def rnn(call: Call) -> tuple[np.ndarray, ...]:
    """Compute `h = tanh(a)` or `relu(a)` for each time step."""
    apply = {"tanh": float_math.tanh, "relu": float_math.relu}[call.attributes["nonlinearity"]]
    return _walk(call, lambda from_x, from_h, _: [apply(from_x[:, 0] + from_h[:, 0])], states=1)


def _lstm_cell(from_x: np.ndarray, from_h: np.ndarray, before: list[np.ndarray]) -> list[np.ndarray]:
    i, f, g, o = np.moveaxis(from_x + from_h, 1, 0)
    c: np.ndarray = float_math.sigmoid(f) * before[1] + float_math.sigmoid(i) * float_math.tanh(g)
    return [float_math.sigmoid(o) * float_math.tanh(c), c]


def _gru_cell(from_x: np.ndarray, from_h: np.ndarray, before: list[np.ndarray]) -> list[np.ndarray]:
    r = float_math.sigmoid(from_x[:, 0] + from_h[:, 0])
    z = float_math.sigmoid(from_x[:, 1] + from_h[:, 1])
    n = float_math.tanh(from_x[:, 2] + r * from_h[:, 2])
    return [(np.float32(1) - z) * n + z * before[0]]


def _walk(call: Call, cell: Cell, states: int) -> tuple[np.ndarray, ...]:
    """Return y and the states at the end."""
    x, constants = np.ascontiguousarray(call.inputs[0]), call.constants
    times, n, _ = x.shape
    hidden = call.shape[2]
    no_bias = np.zeros(len(constants["weight_ih"]), np.float32)
    bias_ih, bias_hh = (constants.get(role, no_bias) for role in ("bias_ih", "bias_hh"))
    bias_ih = constants.get("bias", bias_ih)

    def product(rows: np.ndarray, which: str, bias: np.ndarray) -> np.ndarray:
        scale = constants[f"weight_{which}_scale"]
        y = multiply_rows(quantize_rows(rows), constants[f"weight_{which}"], scale, bias)
        return y.reshape(*rows.shape[:-1], -1, hidden)

    state = list(call.inputs[1:]) or [np.zeros((n, hidden), np.float32)] * states
    y = np.empty(call.shape, np.float32)
    for time in range(times)[:: -1 if call.attributes["reverse"] else 1]:
        state = cell(product(x[time], "ih", bias_ih), product(state[0], "hh", bias_hh), state)
        y[time] = state[0]
    return (y, *state)
