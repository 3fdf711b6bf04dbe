"""Recurrent layers with int8 weights: the input's product, then at each time step the state's product and the gates."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from octavo.program import float_math
from octavo.program.reference.call import Call
from octavo.program.reference.dynamic import QuantizedRows, multiply_rows, quantize_rows
from octavo.program.reference.requantize import quantize_reals
from octavo.program.types import Value

# h and, for an LSTM, c from the products of the input and of the state [n, gates, hidden] and the real states before.
Cell = Callable[[np.ndarray, np.ndarray, list[np.ndarray]], list[np.ndarray]]


def lstm(call: Call) -> tuple[np.ndarray, ...]:
    """Compute `c = f·c + i·g`, `h = o·tanh(c)`, perhaps projected, for each time step."""
    return _walk(call, _lstm_cell, gates=4)


def gru(call: Call) -> tuple[np.ndarray, ...]:
    """Compute `h = (1 − z)·n + z·h` for each time step."""
    return _walk(call, _gru_cell, gates=3)


def rnn(call: Call) -> tuple[np.ndarray, ...]:
    """Compute `h = tanh(a)` or `relu(a)` for each time step."""
    apply = {"tanh": float_math.tanh, "relu": float_math.relu}[call.attributes["nonlinearity"]]
    return _walk(call, lambda from_x, from_h, _: [apply(from_x[:, 0] + from_h[:, 0])], gates=1)


def _lstm_cell(from_x: np.ndarray, from_h: np.ndarray, before: list[np.ndarray]) -> list[np.ndarray]:
    i, f, g, o = np.moveaxis(from_x + from_h, 1, 0)
    c: np.ndarray = float_math.sigmoid(f) * before[1] + float_math.sigmoid(i) * float_math.tanh(g)
    return [float_math.sigmoid(o) * float_math.tanh(c), c]


def _gru_cell(from_x: np.ndarray, from_h: np.ndarray, before: list[np.ndarray]) -> list[np.ndarray]:
    r = float_math.sigmoid(from_x[:, 0] + from_h[:, 0])
    z = float_math.sigmoid(from_x[:, 1] + from_h[:, 1])
    n = float_math.tanh(from_x[:, 2] + r * from_h[:, 2])
    return [(np.float32(1) - z) * n + z * before[0]]


def _walk(call: Call, cell: Cell, gates: int) -> tuple[np.ndarray, ...]:
    """Return y and the states at the end."""
    x, constants = np.ascontiguousarray(call.inputs[0]), call.constants
    times, n, _ = x.shape
    hidden = len(constants["weight_hh"]) // gates
    lengths = _lengths(call)
    bias = constants.get("bias", constants.get("bias_ih"))
    given = x if "weight_ih" not in constants else _product(x, call.types[0], constants, "ih", bias)
    from_x = given.reshape(times, n, gates, hidden)
    zero = call.output.zero_point or 0
    state = _states_at_start(call, n, hidden, cells=1 if gates == 4 else 0)
    y = np.full(call.shape, zero, call.output.dtype)
    for time in range(times)[:: -1 if call.attributes["reverse"] else 1]:
        from_h = _product(state[0], call.output, constants, "hh", constants.get("bias_hh"))
        after = cell(from_x[time], from_h.reshape(n, gates, hidden), [_real(state[0], call.output), *state[1:]])
        after[0] = _kept(after[0], call)
        running = (time < lengths)[:, None]
        y[time] = np.where(running, after[0], y[time])
        state = [np.where(running, new, old) for new, old in zip(after, state, strict=True)]
    return (y, *state)


def _product(
    rows: np.ndarray, value: Value, constants: Mapping[str, np.ndarray], which: str, bias: np.ndarray | None
) -> np.ndarray:
    """Multiply rows by a weight; float32 rows are quantized as they arrive."""
    weight, scale = constants[f"weight_{which}"], constants[f"weight_{which}_scale"]
    flat = rows.reshape(-1, rows.shape[-1])
    quantized = (
        quantize_rows(flat)
        if value.scale is None
        else QuantizedRows(flat, np.array([[value.scale]], np.float32), np.array([[value.zero_point]], np.int32))
    )
    return multiply_rows(quantized, weight, scale, np.zeros(len(weight), np.float32) if bias is None else bias)


def _real(h: np.ndarray, value: Value) -> np.ndarray:
    """Return the real numbers of a state: `f(h − z)·s` where it is quantized."""
    if value.scale is None:
        return h
    return (h.astype(np.int32) - np.int32(value.zero_point or 0)).astype(np.float32) * np.float32(value.scale)


def _kept(h: np.ndarray, call: Call) -> np.ndarray:
    """Return what the layer keeps of the h that its gates gave: projected, quantized."""
    if "weight_hr" in call.constants:
        h = _product(h, Value("float32"), call.constants, "hr", None)
    return h if call.output.scale is None else quantize_reals(h, call)


def _states_at_start(call: Call, n: int, hidden: int, cells: int) -> list[np.ndarray]:
    given = [array for array, value in zip(call.inputs[1:], call.types[1:], strict=True) if value.dtype != "int64"]
    zeros = np.full((n, call.shape[2]), call.output.zero_point or 0, call.output.dtype)
    return given or [zeros, *[np.zeros((n, hidden), np.float32)] * cells]


def _lengths(call: Call) -> np.ndarray:
    """Return how many steps of time each row has: int64 `[n]`.

    Raises:
        ValueError: a length is below 1 or above the number of steps that x has.
    """
    times, n = call.inputs[0].shape[:2]
    if call.types[-1].dtype != "int64":
        return np.full(n, times)
    lengths = call.inputs[-1]
    wrong = (lengths < 1) | (lengths > times)
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(
            f"{call.where}: lengths[{row}] is {lengths[row]}, expected 1 to {times}, the steps of time that x has"
        )
    return lengths
