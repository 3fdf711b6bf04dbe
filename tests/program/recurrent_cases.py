"""Catalogue: recurrent layers with int8 weights.

Sizes around those of vectors, of blocks of units and of tiles of rows; with and without states at the start; both
directions; rows with nothing but zeros, with no finite range, and of very different sizes; every form.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from builders import FLOAT, Case, Made, deferred, one_operator, quantized, random_array

from octavo.program import Value


class Kind(NamedTuple):
    """What tells the recurrent operators apart."""

    gates: int
    states: tuple[str, ...]
    biases: tuple[str, ...]


LENGTHS = Value("int64")
KINDS = {
    "lstm": Kind(4, ("h_n", "c_n"), ("bias",)),
    "gru": Kind(3, ("h_n",), ("bias_ih", "bias_hh")),
    "rnn": Kind(1, ("h_n",), ("bias",)),
}


X8 = quantized("uint8", 0.031, 121)
Y8 = quantized("uint8", 0.0079, 128)
FORMS: dict[str, dict[str, Any]] = {
    "dynamic": {},
    "static": {"x": X8, "y": Y8},
    "static-int8": {"x": quantized("int8", 0.03, 140), "y": quantized("int8", 0.0081, 120)},
    "static-input": {"x": X8},
    "static-state": {"y": Y8},
    "given": {"given": True},
    "given-static-state": {"given": True, "y": Y8},
}


def recurrent_weights(
    rng: np.random.Generator, kind: str, inputs: int, hidden: int, proj: int = 0, given: bool = False
) -> dict[str, np.ndarray]:
    """Return the constants of a layer whose gates stay mostly where they are not saturated."""
    gates, _, biases = KINDS[kind]
    constants: dict[str, np.ndarray] = {}
    sizes = {"ih": (gates * hidden, inputs), "hh": (gates * hidden, proj or hidden), "hr": (proj, hidden)}
    for which, (rows, size) in sizes.items():
        if rows > 0 and not (given and which == "ih"):
            weight = rng.integers(-127, 127, (rows, size), endpoint=True, dtype=np.int8)
            constants[f"weight_{which}"] = weight
            constants[f"weight_{which}_scale"] = (rng.uniform(0.5, 1.5, rows) / (74 * size**0.5)).astype(np.float32)
    kept = [role for role in biases if not given or role == "bias_hh"]
    return constants | {role: rng.normal(0, 0.5, gates * hidden).astype(np.float32) for role in kept}


def recurrent(
    kind: str,
    seed: int = 0,
    times: int = 3,
    n: int = 2,
    inputs: int = 7,
    hidden: int = 5,
    reverse: bool = False,
    states: bool = False,
    nonlinearity: str = "tanh",
    x: Value = FLOAT,
    y: Value = FLOAT,
    given: bool = False,
    proj: int = 0,
    lengths: bool = False,
    edit: Callable[[list[np.ndarray]], None] | None = None,
) -> Case:
    """Return a recurrent layer; `edit` changes its inputs in place.

    x, y: types of the input and of the state. given: the input is the product with `weight_ih`. lengths: of each row.
    """
    rng = np.random.default_rng(seed)
    names, gates = KINDS[kind].states, KINDS[kind].gates
    constants = recurrent_weights(rng, kind, inputs, hidden, proj, given)
    shape = (times, n, gates * hidden if given else inputs)
    array = rng.normal(0, 1, shape).astype(np.float32)
    array *= np.float32(4) ** rng.integers(-2, 3, (times, n, 1)).astype(np.float32)
    arrays, types = [array if x == FLOAT else random_array(rng, x, shape)], [x]
    kept = (y, FLOAT)[: len(names)]
    if states:
        for value, width in zip(kept, (proj or hidden, hidden), strict=False):
            real = rng.normal(0, 0.7, (n, width)).astype(np.float32)
            arrays.append(real if value == FLOAT else random_array(rng, value, real.shape))
            types.append(value)
    if lengths:
        arrays.append(rng.integers(1, times, n, endpoint=True))
        types.append(LENGTHS)
    if edit is not None:
        edit(arrays)
    attributes = {"reverse": reverse} | ({"nonlinearity": nonlinearity} if kind == "rnn" else {})
    return one_operator(kind, arrays, types, (y, *kept), attributes, constants, ("y", *names))


def _strange_rows(arrays: list[np.ndarray]) -> None:
    x = arrays[0]
    x[0, 0] = 0
    x[:, 1] = np.abs(x[:, 1])
    x[:, 2] = -np.abs(x[:, 2])
    x[1, 3, 0] = np.nan
    x[2, 4, -1] = np.inf
    x[0, 5] = 1e-42
    x[0, 6] = 1e30
    arrays[1][7, 0] = np.nan
    arrays[1][8] = 0
    arrays[1][9, -1] = -np.inf


def recurrent_cases(kind: str) -> Made:
    made = partial(deferred, recurrent, kind)
    for hidden in (1, 2, 3, 4, 8, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 100):
        yield f"hidden{hidden}", made(hidden=hidden, seed=hidden)
    for inputs in (1, 3, 4, 5, 63, 64, 65, 130):
        yield f"in{inputs}", made(inputs=inputs)
    for n in (1, 2, 6, 7, 13, 14, 15, 16, 17, 29, 65):
        yield f"n{n}", made(n=n, hidden=20, states=n % 2 == 0)
    for times in (1, 2, 33, 70):
        yield f"t{times}", made(times=times, n=1, hidden=34)
        yield f"t{times}-states-reverse", made(times=times, n=3, hidden=34, states=True, reverse=True)
    yield "one", made(times=1, n=1, inputs=1, hidden=1)
    yield "reverse", made(times=5, n=3, hidden=40, reverse=True)
    yield "states", made(times=5, n=3, hidden=40, states=True)
    yield "large", made(times=4, n=18, inputs=150, hidden=170, states=True)
    yield "strange-rows", made(times=3, n=10, hidden=19, states=True, edit=_strange_rows)
    yield from form_cases(kind)


def form_cases(kind: str, label: str = "", **settings: Any) -> Made:
    """Yield layers of every form: how the input and the state are multiplied, with lengths and without."""
    made = partial(deferred, recurrent, kind, **settings)
    for form, types in FORMS.items():
        name = f"{label}{form}"
        for hidden in (5, 33, 64):
            yield f"{name}-hidden{hidden}", made(hidden=hidden, seed=hidden, states=hidden == 33, **types)
        yield f"{name}-n17-t9-reverse", made(times=9, n=17, hidden=40, inputs=70, states=True, reverse=True, **types)
        yield f"{name}-t70", made(times=70, n=1, hidden=34, **types)
        for reverse in (False, True):
            case = made(times=9, n=8, hidden=40, lengths=True, states=True, reverse=reverse, **types)
            yield f"{name}-lengths{'-reverse' if reverse else ''}", case
        yield f"{name}-lengths-zeros", made(times=4, n=33, hidden=20, lengths=True, reverse=True, **types)
        yield f"{name}-strange-rows", made(times=3, n=10, hidden=19, states=True, edit=_strange_floats, **types)


def _strange_floats(arrays: list[np.ndarray]) -> None:
    """As `_strange_rows`, of the float32 arrays alone."""
    if arrays[0].dtype == np.float32 and arrays[1].dtype == np.float32:
        _strange_rows(arrays)
    elif arrays[0].dtype == np.float32:
        _strange_rows([arrays[0], np.empty((10, 1), np.float32)])
    elif arrays[1].dtype == np.float32:
        _strange_rows([np.empty((3, 10, 1), np.float32), arrays[1]])


def lstm_cases() -> Made:
    yield from recurrent_cases("lstm")
    for proj in (3, 37):
        yield from form_cases("lstm", f"proj{proj}-", proj=proj)


def gru_cases() -> Made:
    return recurrent_cases("gru")


def rnn_cases() -> Made:
    yield from recurrent_cases("rnn")
    yield (
        "relu-static",
        deferred(recurrent, "rnn", nonlinearity="relu", n=3, hidden=40, x=X8, y=quantized("uint8", 0.03, 0)),
    )
    relu = partial(deferred, recurrent, "rnn", nonlinearity="relu")
    for n, hidden in ((1, 16), (2, 33), (15, 100)):
        yield f"relu-{n}x{hidden}", relu(times=4, n=n, hidden=hidden, states=n > 1)
    yield "relu-reverse", relu(times=4, reverse=True)
    yield "relu-strange-rows", relu(times=3, n=10, hidden=19, states=True, edit=_strange_rows)
