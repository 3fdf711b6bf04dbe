"""nn.quantized.dynamic.LSTMCell, GRUCell and RNNCell."""

from __future__ import annotations

import copy
import io
from typing import Any

import numpy as np
import pytest
import torch
from tests.nn.dynamic.dynamic_samples import dynamic, run_reference, seeded
from torch import nn

from octavo.nn import QTensor
from octavo.numerics import sqnr
from octavo.program import ShapeError

KINDS = {
    "lstm": (nn.LSTMCell, {}),
    "lstm_no_bias": (nn.LSTMCell, {"bias": False}),
    "gru": (nn.GRUCell, {}),
    "gru_no_bias": (nn.GRUCell, {"bias": False}),
    "rnn_tanh": (nn.RNNCell, {}),
    "rnn_relu": (nn.RNNCell, {"nonlinearity": "relu"}),
}
LAYERS = {nn.LSTMCell: nn.LSTM, nn.GRUCell: nn.GRU, nn.RNNCell: nn.RNN}


@pytest.fixture(params=list(KINDS))
def pair(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    make, arguments = KINDS[request.param]
    module = seeded(make, 10, 12, **arguments)
    return module, dynamic(module)


def state(module: Any, *shape: int) -> Any:
    return (torch.randn(shape), torch.randn(shape)) if isinstance(module, nn.LSTMCell) else torch.randn(shape)


def as_tuple(states: Any) -> tuple[Any, ...]:
    return states if isinstance(states, tuple) else (states,)


@pytest.mark.parametrize("given", [False, True], ids=["zeros", "states"])
@pytest.mark.parametrize("batch", [(), (1,), (4,)], ids=str)
def test_close_to_float_and_equal_to_the_reference(pair: tuple[Any, Any], batch: tuple[int, ...], given: bool) -> None:
    module, cell = pair
    x, hx = torch.randn(*batch, 10), state(module, *batch, 12) if given else None
    with torch.no_grad():
        expected = as_tuple(module(x, hx))
    found = as_tuple(cell(x, hx))
    for real, y in zip(expected, found, strict=True):
        assert real.shape == y.shape
        # One step: 8 bits of x, h and the weights.
        assert sqnr(real, y) > 30
    inputs = [t.reshape(-1, t.shape[-1]) for t in (x, *(as_tuple(hx) if given else ()))]
    _, *last = run_reference(cell, inputs[0][None], *inputs[1:])
    for y, other in zip(found, last, strict=True):
        np.testing.assert_array_equal(y.reshape(-1, 12).numpy(), other)


def test_steps_of_a_cell_are_a_layer(pair: tuple[Any, Any]) -> None:
    module, cell = pair
    extra = {"nonlinearity": module.nonlinearity} if hasattr(module, "nonlinearity") else {}
    layer = LAYERS[type(module)](10, 12, bias=module.bias, **extra)
    layer.load_state_dict({f"{name}_l0": tensor for name, tensor in module.state_dict().items()})
    x = torch.randn(5, 3, 10)
    y, _ = dynamic(layer)(x)
    hx: Any = None
    for step, expected in zip(x, y, strict=True):
        hx = cell(step, hx)
        assert torch.equal(as_tuple(hx)[0], expected)


def test_copies_and_state_dicts_give_the_same_numbers(pair: tuple[Any, Any]) -> None:
    module, cell = pair
    x = torch.randn(3, 10)
    file = io.BytesIO()
    torch.save(cell.state_dict(), file)
    file.seek(0)
    other = dynamic(type(module)(10, 12, module.bias))
    other.nonlinearity = cell.nonlinearity
    assert not torch.equal(as_tuple(other(x))[0], as_tuple(cell(x))[0])
    other.load_state_dict(torch.load(file, weights_only=True))
    for twin in (other, copy.deepcopy(cell)):
        assert torch.equal(as_tuple(twin(x))[0], as_tuple(cell(x))[0])


def test_a_qtensor_as_input(pair: tuple[Any, Any]) -> None:
    _, cell = pair
    q = QTensor(torch.randint(0, 256, (3, 10), dtype=torch.uint8), 0.02, 120)
    assert torch.equal(as_tuple(cell(q))[0], as_tuple(cell(q.dequantize()))[0])


def test_repr() -> None:
    assert repr(dynamic(nn.LSTMCell(5, 6))) == "DynamicQuantizedLSTMCell(5, 6)"
    assert repr(dynamic(nn.GRUCell(5, 6, bias=False))) == "DynamicQuantizedGRUCell(5, 6, bias=False)"
    text = repr(dynamic(nn.RNNCell(5, 6, nonlinearity="relu")))
    assert text == "DynamicQuantizedRNNCell(5, 6, nonlinearity=relu)"


def test_wrong_inputs_are_named() -> None:
    cell = dynamic(nn.LSTMCell(10, 12))
    where = r"module '0' \(DynamicQuantizedLSTMCell\)"
    with pytest.raises(ShapeError, match=rf"{where}: the input has shape \[3, 9\], expected \[n, 10\] or \[10\]"):
        cell(torch.randn(3, 9))
    with pytest.raises(ShapeError, match=rf"{where}: state 0 at the start has shape \[2, 12\], expected \[3, 12\]"):
        cell(torch.randn(3, 10), (torch.randn(2, 12), torch.randn(3, 12)))
    with pytest.raises(TypeError, match="expected 2 tensors"):
        cell(torch.randn(3, 10), torch.randn(3, 12))
