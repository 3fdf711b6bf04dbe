"""LSTM, GRU, RNN and their cells, from PyTorch to the program."""

from __future__ import annotations

import pytest
import torch
from small_networks import Network, assert_captures, graph_of, quantize, run, types
from torch import nn

from octavo.graph import UnsupportedOperatorError
from octavo.numerics import sqnr
from octavo.qconfig import QConfigMapping, per_channel_dynamic_qconfig

DYNAMIC = QConfigMapping().set_global(per_channel_dynamic_qconfig)
KINDS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


def sequence(time: int = 5, batch: int = 3, features: int = 6) -> torch.Tensor:
    """Draw [time, batch, features]."""
    return torch.randn(time, batch, features)


def assert_near(model: nn.Module, *inputs: torch.Tensor) -> None:
    """Compare the program with the float model; the reference and the engine agree bit for bit."""
    conversion = quantize(model, *inputs, mapping=DYNAMIC)
    returned = run(conversion, *inputs)
    got = returned if isinstance(returned, tuple) else (returned,)
    with torch.no_grad():
        expected = model(*inputs)
    for want, have in zip(expected if isinstance(expected, tuple) else (expected,), got, strict=True):
        assert tuple(want.shape) == have.shape and sqnr(want, torch.from_numpy(have)) > 28


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "settings",
    [{}, {"num_layers": 2}, {"bidirectional": True, "num_layers": 2}, {"batch_first": True}, {"bias": False}],
    ids=str,
)
def test_layers(kind, settings):
    def forward(net, x):
        y, last = net.layer(x)
        return (y, *(last if isinstance(last, tuple) else (last,)))

    model = Network(forward, layer=KINDS[kind](6, 4, **settings))
    assert_captures(model, sequence())
    assert_near(model, sequence())


def test_relu_rnn():
    model = Network(lambda net, x: net.layer(x)[0], layer=nn.RNN(6, 4, nonlinearity="relu"))
    assert_captures(model, sequence())
    assert_near(model, sequence())


def test_without_a_batch():
    model = Network(lambda net, x: net.layer(x)[0], layer=nn.LSTM(6, 4))
    assert_captures(model, sequence()[:, 0])


def test_states_as_inputs():
    model = Network(lambda net, x, h, c: net.layer(x, (h, c))[0], layer=nn.LSTM(6, 4, 2))
    inputs = sequence(), torch.randn(2, 3, 4), torch.randn(2, 3, 4)
    assert_captures(model, *inputs)


@pytest.mark.parametrize("cell", [nn.LSTMCell, nn.GRUCell, nn.RNNCell])
def test_cells(cell):
    model = Network(lambda net, x: net.cell(x), cell=cell(6, 4))
    assert_captures(model, torch.randn(3, 6))
    assert_near(model, torch.randn(3, 6))


def test_a_walk_of_cells():
    def forward(net, x):
        h, c = net.cell(x[0])
        for step in (1, 2):
            h, c = net.cell(x[step], (h, c))
        return h

    model = Network(forward, cell=nn.LSTMCell(6, 4))
    assert types(assert_captures(model, sequence())).count("lstm") == 3


def test_names_and_unused_states():
    model = Network(lambda net, x: net.layer(x)[0], layer=nn.LSTM(6, 4, 2, bidirectional=True))
    graph = graph_of(model, sequence())
    names = [node.name for node in graph.nodes if node.type == "lstm"]
    assert names == ["layer.l0", "layer.l0_reverse", "layer.l1", "layer.l1_reverse"]
    assert set(types(graph)) == {"lstm", "concat"}


def test_time_and_batch_vary():
    model = Network(lambda net, x: net.layer(x)[0], layer=nn.LSTM(6, 4, batch_first=True))
    conversion = quantize(model, sequence(2, 5), data=[(sequence(2, 5),), (sequence(3, 7),)], mapping=DYNAMIC)
    for shape in ((1, 1), (4, 9)):
        assert run(conversion, sequence(*shape)).shape == (*shape, 4)


def test_what_cannot_be_expressed():
    model = Network(lambda net, x: net.layer(x)[0], layer=nn.LSTM(6, 4))
    with pytest.raises(UnsupportedOperatorError, match="layer 'layer': lstm: it has a form with weights in 8 bits"):
        quantize(model, sequence(), mapping=QConfigMapping())


def test_zeros_of_symbolic_size_add_nothing():
    model = Network(lambda net, x: x + torch.zeros(x.shape[0], 6))
    assert_captures(model, torch.randn(2, 6))
