"""The forms of lstm, gru and rnn beyond the dynamic one: each against what others or PyTorch make of the same."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from builders import FLOAT, quantized
from recurrent_cases import FORMS, KINDS, Y8, recurrent

from octavo.program import Value, reference, verify
from octavo.program.reference.dynamic import multiply_rows, quantize_rows


def reals(array: np.ndarray, value: Value) -> np.ndarray:
    """Return what an array stands for."""
    if value.scale is None:
        return array
    return (array.astype(np.float32) - np.float32(value.zero_point)) * np.float32(value.scale)


def torch_lstm(constants: dict[str, np.ndarray], inputs: int, proj: int) -> torch.nn.LSTM:
    """Return PyTorch's LSTM with the dequantized weights."""
    hidden = len(constants["bias"]) // 4
    layer = torch.nn.LSTM(inputs, hidden, proj_size=proj)
    with torch.no_grad():
        for which in ("ih", "hh", "hr")[: 3 if proj else 2]:
            weight = constants[f"weight_{which}"].astype(np.float32) * constants[f"weight_{which}_scale"][:, None]
            getattr(layer, f"weight_{which}_l0").copy_(torch.from_numpy(weight))
        for which, bias in (("ih", constants["bias"]), ("hh", np.zeros_like(constants["bias"]))):
            getattr(layer, f"bias_{which}_l0").copy_(torch.from_numpy(bias))
    return layer


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMS)
def test_one_sequence_is_its_steps(kind, form):
    """Running step by step, with the states handed on, gives the bits of the whole."""
    program, arrays = recurrent(kind, times=6, n=3, hidden=20, states=True, **FORMS[form])
    y, *end = reference.run(program, arrays)
    states = arrays[1:]
    for time in range(6):
        inputs = tuple(replace(i, shape=(1, *i.shape[1:])) if i.name == "x0" else i for i in program.inputs)
        step, *states = reference.run(replace(program, inputs=inputs), [arrays[0][time : time + 1], *states])
        np.testing.assert_array_equal(step[0], y[time])
    for got, expected in zip(states, end, strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMS)
def test_no_states_are_real_zeros(kind, form):
    program, arrays = recurrent(kind, states=True, **FORMS[form])
    zeros = [np.full_like(a, v.zero_point or 0) for a, v in zip(arrays[1:], _types(program)[1:], strict=True)]
    without, _ = recurrent(kind, **FORMS[form])
    for got, expected in zip(
        reference.run(program, [arrays[0], *zeros]), reference.run(without, arrays[:1]), strict=True
    ):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("states", [False, True])
def test_lengths_are_rows_run_alone(kind, form, reverse, states):
    """A row of length l gives what x[:l] of that row alone gives, and real zeros after it."""
    shape = {"times": 6, "n": 4, "hidden": 20, "reverse": reverse, "states": states, **FORMS[form]}
    program, arrays = recurrent(kind, lengths=True, **shape)
    verify(program)
    arrays[-1][:] = (3, 6, 1, 5)
    whole = reference.run(program, arrays)
    for row, length in enumerate(arrays[-1]):
        alone, _ = recurrent(kind, **{**shape, "times": int(length), "n": 1})
        alone = replace(alone, constants=program.constants)
        part = [arrays[0][:length, row : row + 1], *(state[row : row + 1] for state in arrays[1:-1])]
        y, *end = reference.run(alone, part)
        np.testing.assert_array_equal(whole[0][:length, row], y[:, 0])
        assert (whole[0][length:, row] == (program.values["y"].zero_point or 0)).all()
        for got, expected in zip(whole[1:], end, strict=True):
            np.testing.assert_array_equal(got[row], expected[0])


@pytest.mark.parametrize("length", [0, 7, -1, 2**63 - 1, -(2**63)])
def test_wrong_lengths(length):
    program, arrays = recurrent("gru", times=6, n=3, lengths=True)
    arrays[-1][1:] = length
    with pytest.raises(ValueError, match=rf"^operator 'layer' \(gru\): lengths\[1\] is {length}, expected 1 to 6, the"):
        reference.run(program, arrays)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("y", [FLOAT, Y8], ids=["dynamic-state", "static-state"])
def test_the_given_product_is_that_of_the_input(kind, y):
    """A layer that is given what `dynamic_linear` makes of x gives the bits of the layer that is given x."""
    program, arrays = recurrent(kind, times=4, n=3, hidden=20, states=True, y=y)
    weight, scale = (program.constants[f"layer.weight_ih{part}"] for part in ("", "_scale"))
    bias = program.constants[f"layer.bias{'_ih' if kind == 'gru' else ''}"]
    product = multiply_rows(quantize_rows(arrays[0].reshape(12, -1)), weight, scale, bias).reshape(4, 3, -1)
    given, _ = recurrent(kind, times=4, n=3, hidden=20, states=True, y=y, given=True)
    given = replace(given, constants={name: program.constants[name] for name in given.constants})
    expected = reference.run(program, arrays)
    for got, want in zip(reference.run(given, [product, *arrays[1:]]), expected, strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("kind", KINDS)
def test_a_static_state_is_the_layer_quantized_after_each_step(kind):
    """One step from a static state: the dynamic layer's h, quantized, where its product of the state is exact.

    A state of 0 and one other number, the largest of its row, is the same in a row's own 8 bits up to float32 rounding:
    so is h, and the integers differ where it was within a rounding of half way.
    """
    y = quantized("uint8", 1 / 255, 0)
    program, arrays = recurrent(kind, times=1, n=4, hidden=30, states=True, y=y)
    arrays[1][:] = 255 * (arrays[1] > 128)
    dynamic, _ = recurrent(kind, times=1, n=4, hidden=30, states=True)
    dynamic = replace(dynamic, constants=program.constants)
    got = reference.run(program, arrays)
    real = reference.run(dynamic, [arrays[0], reals(arrays[1], y), *arrays[2:]])
    assert np.abs(got[0].astype(np.float32) - np.clip(real[0] * 255, 0, 255)).max() < 0.501
    if kind == "lstm":
        np.testing.assert_allclose(got[2], real[2], atol=1e-5)


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize("form", ["dynamic", "static"])
@pytest.mark.parametrize("reverse", [False, True])
def test_projections_are_close_to_float(form, reverse):
    """What is left is rounding, to steps of at most 0.008 in h and 0.015 in x: bounds as in `test_close_to_float`."""
    case = {"times": 5, "n": 3, "inputs": 20, "hidden": 24, "proj": 9, "states": True, "reverse": reverse}
    program, arrays = recurrent("lstm", **case, **FORMS[form])
    verify(program)
    if form == "dynamic":
        np.clip(arrays[0], -1, 1, out=arrays[0])
    x, h, c = (reals(array, value) for array, value in zip(arrays, _types(program), strict=True))
    layer = torch_lstm({name.removeprefix("layer."): array for name, array in program.constants.items()}, 20, 9)
    with torch.no_grad():
        states = (torch.from_numpy(h)[None], torch.from_numpy(c)[None])
        y, end = layer(torch.from_numpy(x[::-1].copy() if reverse else x), states)
    expected = [y.numpy()[::-1] if reverse else y.numpy(), end[0][0].numpy(), end[1][0].numpy()]
    for got, want, value in zip(reference.run(program, arrays), expected, (*_made(program),), strict=True):
        assert got.shape == want.shape
        assert np.sqrt(np.mean((reals(got, value) - want) ** 2)) < 0.03


def _types(program):
    return [program.values[declared.name] for declared in program.inputs]


def _made(program):
    return [program.values[name] for name in program.outputs]
