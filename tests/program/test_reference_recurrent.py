"""lstm, gru and rnn: against PyTorch's float layers with the same weights, and against their own definition."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from recurrent_cases import KINDS, recurrent

from octavo.program import reference

MODULES = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}


def _torch_layer(kind, constants, attributes):
    """Return PyTorch's float layer with the dequantized weights."""
    inputs, hidden = constants["weight_ih"].shape[1], constants["weight_hh"].shape[1]
    more = {"nonlinearity": attributes["nonlinearity"]} if kind == "rnn" else {}
    layer = MODULES[kind](inputs, hidden, **more)
    with torch.no_grad():
        for which in ("ih", "hh"):
            weight = constants[f"weight_{which}"].astype(np.float32) * constants[f"weight_{which}_scale"][:, None]
            getattr(layer, f"weight_{which}_l0").copy_(torch.from_numpy(weight))
            bias = constants.get(f"bias_{which}", constants.get("bias") if which == "ih" else None)
            getattr(layer, f"bias_{which}_l0").copy_(torch.zeros(len(weight)) if bias is None else torch.tensor(bias))
    return layer


def _run_torch(kind, program, arrays):
    operator = program.operators[0]
    layer = _torch_layer(
        kind, {r: program.constants[name] for r, name in operator.constants.items()}, operator.attributes
    )
    reverse = operator.attributes["reverse"]
    x = torch.from_numpy(arrays[0].copy())
    states = [torch.from_numpy(state)[None] for state in arrays[1:]]
    start = None if not states else tuple(states) if kind == "lstm" else states[0]
    with torch.no_grad():
        y, end = layer(x.flip(0) if reverse else x, start)
    return [(y.flip(0) if reverse else y).numpy(), *(s[0].numpy() for s in (end if kind == "lstm" else (end,)))]


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    times=st.integers(1, 6),
    n=st.integers(1, 4),
    inputs=st.integers(1, 40),
    hidden=st.integers(1, 40),
    reverse=st.booleans(),
    states=st.booleans(),
)
def test_close_to_float(kind, seed, times, n, inputs, hidden, reverse, states):
    """Only the activations are rounded, the weights are exact; with |x| ≤ 1 and |h| ≤ 1 the error has a bound.

    A step of a row is at most 2/255, so each number is off by 0.0023 in the root of the mean square, and a product with
    a row of weights of norm 1 by as much: the two products by 0.0032. Six steps of time, whose errors the gates pass on
    with a gain of about 1, make √6 of that, 0.008; the largest of thousands of numbers lies within ten times as much.
    """
    program, arrays = recurrent(kind, seed, times, n, inputs, hidden, reverse, states, edit=_limit)
    for got, expected in zip(reference.run(program, arrays), _run_torch(kind, program, arrays), strict=True):
        assert np.abs(got - expected).max() < 0.08
        assert np.sqrt(np.mean((got - expected) ** 2)) < 0.03


def _limit(arrays):
    for array in arrays:
        np.clip(array, -1, 1, out=array)


@pytest.mark.parametrize("kind", KINDS)
def test_equal_to_float_where_quantization_is_exact(kind):
    """Numbers that are 0 or 1 are exact in 8 bits, and so is a state of zeros: what is left is float32's rounding."""

    def zeros_and_ones(arrays):
        arrays[0][:] = arrays[0] > 0

    program, arrays = recurrent(kind, times=1, n=5, inputs=30, hidden=20, edit=zeros_and_ones)
    for got, expected in zip(reference.run(program, arrays), _run_torch(kind, program, arrays), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_reverse_is_the_sequence_turned_round(kind):
    program, arrays = recurrent(kind, times=4, reverse=True)
    y, *end = reference.run(program, arrays)
    forward, _ = recurrent(kind, times=4)
    turned, *same = reference.run(forward, [arrays[0][::-1].copy(), *arrays[1:]])
    np.testing.assert_array_equal(y, turned[::-1])
    for got, expected in zip(end, same, strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_no_states_are_zeros(kind):
    program, arrays = recurrent(kind, states=True)
    zeros = [arrays[0], *(np.zeros_like(state) for state in arrays[1:])]
    without, _ = recurrent(kind)
    for got, expected in zip(reference.run(program, zeros), reference.run(without, arrays[:1]), strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_do_not_depend_on_the_batch(kind):
    program, arrays = recurrent(kind, n=4, states=True)
    whole = reference.run(program, arrays)
    alone = tuple(replace(i, shape=(*i.shape[:-2], 1, i.shape[-1])) for i in program.inputs)
    for row in range(4):
        part = [array[..., row : row + 1, :] for array in arrays]
        for got, expected in zip(reference.run(replace(program, inputs=alone), part), whole, strict=True):
            np.testing.assert_array_equal(got, expected[..., row : row + 1, :])
