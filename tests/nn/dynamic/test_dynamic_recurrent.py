"""nn.quantized.dynamic.LSTM, GRU and RNN."""

from __future__ import annotations

import copy
import io
from typing import Any

import numpy as np
import pytest
import torch
from tests.nn.dynamic.dynamic_samples import dynamic, run_reference, seeded
from torch import Tensor, nn

import octavo.nn.quantized.dynamic as nnqd
from octavo.nn import QTensor, conversions
from octavo.numerics import sqnr
from octavo.program import ShapeError

# Relative to the state, 8 bits of x, h and of each weight row; errors of the state add up over the steps.
LEAST_SQNR = 25

KINDS = {
    "lstm": (nn.LSTM, {}),
    "lstm_3_layers": (nn.LSTM, {"num_layers": 3}),
    "lstm_both_ways": (nn.LSTM, {"num_layers": 2, "bidirectional": True}),
    "lstm_batch_first": (nn.LSTM, {"batch_first": True, "bidirectional": True}),
    "lstm_no_bias": (nn.LSTM, {"bias": False}),
    "gru": (nn.GRU, {"num_layers": 2}),
    "gru_both_ways": (nn.GRU, {"bidirectional": True, "batch_first": True}),
    "gru_no_bias": (nn.GRU, {"bias": False}),
    "rnn_tanh": (nn.RNN, {"num_layers": 2}),
    "rnn_relu": (nn.RNN, {"nonlinearity": "relu", "bidirectional": True}),
}
STEPS, BATCH, INPUTS, HIDDEN = 7, 3, 10, 12


@pytest.fixture(params=list(KINDS))
def pair(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    make, arguments = KINDS[request.param]
    module = seeded(make, INPUTS, HIDDEN, **arguments)
    return module, dynamic(module)


def sequence(module: Any, batch: int | None = BATCH) -> Tensor:
    if batch is None:
        return torch.randn(STEPS, INPUTS)
    return torch.randn(batch, STEPS, INPUTS) if module.batch_first else torch.randn(STEPS, batch, INPUTS)


def states(module: Any, batch: int | None = BATCH) -> Any:
    layers = module.num_layers * (2 if module.bidirectional else 1)
    shape = (layers, HIDDEN) if batch is None else (layers, batch, HIDDEN)
    return (torch.randn(shape), torch.randn(shape)) if isinstance(module, nn.LSTM) else torch.randn(shape)


def flat(answer: Any) -> list[Tensor]:
    output, last = answer
    return [output, *(last if isinstance(last, tuple) else (last,))]


@pytest.mark.parametrize("given", [False, True], ids=["zeros", "states"])
@pytest.mark.parametrize("batch", [None, 1, BATCH])
def test_close_to_the_float_module(pair: tuple[Any, Any], batch: int | None, given: bool) -> None:
    module, layer = pair
    x, hx = sequence(module, batch), states(module, batch) if given else None
    with torch.no_grad():
        expected = flat(module(x, hx))
    for real, y in zip(expected, flat(layer(x, hx)), strict=True):
        assert real.shape == y.shape and y.dtype == torch.float32
        assert sqnr(real, y) > LEAST_SQNR


@pytest.mark.parametrize("given", [False, True], ids=["zeros", "states"])
def test_the_reference_executor_gives_the_same_numbers(pair: tuple[Any, Any], given: bool) -> None:
    module, layer = pair
    x, hx = sequence(module), states(module) if given else None
    output, *last = flat(layer(x, hx))
    given_states = () if hx is None else hx if isinstance(hx, tuple) else (hx,)
    expected = run_reference(layer, x.transpose(0, 1) if module.batch_first else x, *given_states)
    np.testing.assert_array_equal((output.transpose(0, 1) if module.batch_first else output).numpy(), expected[0])
    for state, other in zip(last, expected[1:], strict=True):
        np.testing.assert_array_equal(state.numpy(), other)


def test_a_sample_does_not_depend_on_the_others(pair: tuple[Any, Any]) -> None:
    module, layer = pair
    x = sequence(module) * torch.tensor([1e-3, 1, 50]).view((3, 1, 1) if module.batch_first else (1, 3, 1))
    output, *last = flat(layer(x))
    axis = 0 if module.batch_first else 1
    for index in range(BATCH):
        alone, *alone_last = flat(layer(x.narrow(axis, index, 1)))
        assert torch.equal(output.narrow(axis, index, 1), alone)
        for state, other in zip(last, alone_last, strict=True):
            assert torch.equal(state[:, index : index + 1], other)


def test_a_sequence_may_be_read_in_pieces() -> None:
    layer = dynamic(seeded(nn.LSTM, INPUTS, HIDDEN, 2))
    x = torch.randn(STEPS, BATCH, INPUTS)
    whole, last = layer(x)
    first, state = layer(x[:3])
    second, end = layer(x[3:], state)
    assert torch.equal(whole, torch.cat([first, second]))
    assert all(torch.equal(a, b) for a, b in zip(last, end, strict=True))


def test_no_batch_axis_is_a_batch_of_one(pair: tuple[Any, Any]) -> None:
    module, layer = pair
    x = sequence(module, None)
    output, *last = flat(layer(x))
    axis = 0 if module.batch_first else 1
    batch, *batch_last = flat(layer(x.unsqueeze(axis)))
    assert torch.equal(output, batch.squeeze(axis))
    assert all(torch.equal(a, b.squeeze(1)) for a, b in zip(last, batch_last, strict=True))


def test_a_layer_has_float_inputs_of_any_dtype_and_qtensors() -> None:
    layer = dynamic(seeded(nn.GRU, INPUTS, HIDDEN))
    x = torch.randn(STEPS, BATCH, INPUTS)
    assert all(y.dtype == torch.float64 for y in flat(layer(x.double())))
    assert torch.equal(layer(x.double())[0].float(), layer(x)[0])
    q = QTensor(torch.randint(0, 256, x.shape, dtype=torch.uint8), 0.02, 120)
    with conversions.recording() as counted:
        y, _ = layer(q)
    assert counted.rows() == [("0", "dequantize", 1)]
    assert torch.equal(y, layer(q.dequantize())[0])


def test_copies_and_state_dicts_give_the_same_numbers(pair: tuple[Any, Any]) -> None:
    module, layer = pair
    x = sequence(module)
    expected = flat(layer(x))
    blank = type(layer)(
        INPUTS, HIDDEN, module.num_layers, bias=module.bias, batch_first=module.batch_first,
        bidirectional=module.bidirectional, **({"nonlinearity": module.nonlinearity} if type(module) is nn.RNN else {}),
    )  # fmt: skip
    assert not torch.equal(blank(x)[0], expected[0])
    file = io.BytesIO()
    torch.save(layer.state_dict(), file)
    file.seek(0)
    blank.load_state_dict(torch.load(file, weights_only=True))
    for other in (blank, copy.deepcopy(layer)):
        assert all(torch.equal(a, b) for a, b in zip(expected, flat(other(x)), strict=True))


@pytest.mark.parametrize(
    ("make", "arguments", "text"),
    [
        (nn.LSTM, (64, 64, 2), "DynamicQuantizedLSTM(64, 64, num_layers=2)"),
        (nn.GRU, (5, 6), "DynamicQuantizedGRU(5, 6)"),
        (nn.RNN, (5, 6, 1, "relu"), "DynamicQuantizedRNN(5, 6, nonlinearity=relu)"),
    ],
)
def test_repr(make: Any, arguments: Any, text: str) -> None:
    assert repr(dynamic(make(*arguments))) == text


def test_repr_of_all_arguments() -> None:
    module = nn.LSTM(5, 6, 2, bias=False, batch_first=True, dropout=0.5, bidirectional=True)
    text = "5, 6, num_layers=2, bias=False, batch_first=True, dropout=0.5, bidirectional=True"
    assert repr(dynamic(module)) == f"DynamicQuantizedLSTM({text})"


def test_wrong_inputs_are_named() -> None:
    lstm, gru = dynamic(nn.LSTM(INPUTS, HIDDEN)), dynamic(nn.GRU(INPUTS, HIDDEN, batch_first=True))
    where = r"module '0' \(DynamicQuantizedLSTM\)"
    with pytest.raises(ShapeError, match=rf"{where}: the input has shape \[7, 3, 9\], expected \[t, n, 10\]"):
        lstm(torch.randn(7, 3, 9))
    with pytest.raises(ShapeError, match=r"expected \[n, t, 10\], or \[t, 10\] of one sample"):
        gru(torch.randn(2, 7, 3, 10))
    with pytest.raises(
        ShapeError, match=rf"{where}: state 1 at the start has shape \[1, 2, 12\], expected \[1, 3, 12\]"
    ):
        lstm(torch.randn(7, 3, 10), (torch.randn(1, 3, 12), torch.randn(1, 2, 12)))
    with pytest.raises(TypeError, match=rf"{where}: got states of type Tensor, expected 2 tensors"):
        lstm(torch.randn(7, 3, 10), torch.randn(1, 3, 12))
    with pytest.raises(ShapeError, match=rf"{where}.*no empty tensor"):
        lstm(torch.randn(0, 3, 10))
    with pytest.raises(TypeError, match=r"expected a float tensor"):
        lstm(torch.ones(7, 3, 10, dtype=torch.int64))


def test_what_has_no_form_in_8_bits_is_refused() -> None:
    with pytest.raises(ValueError, match=r"module '0' \(LSTM\): got proj_size=4; .* qconfig to None"):
        dynamic(nn.LSTM(INPUTS, HIDDEN, proj_size=4))
    with pytest.raises(ValueError, match="float16"):
        nnqd.LSTM(4, 4, dtype=torch.float16)
