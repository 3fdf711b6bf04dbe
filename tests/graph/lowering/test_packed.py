"""Packed sequences and projections, from PyTorch to the program."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from small_networks import Network, graph_of, quantize, reasons, run, types
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence
from torch.utils import _pytree as pytree

from octavo.graph import CalibrationError, CaptureError, CaptureWarning, capture
from octavo.graph.execute import execute
from octavo.numerics import sqnr
from octavo.qconfig import QConfigMapping, default_static, per_channel_dynamic_qconfig
from octavo.runtime import LoadedProgram

DYNAMIC = QConfigMapping().set_global(per_channel_dynamic_qconfig)
pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
LENGTHS = torch.tensor([2, 5, 3])


def packed(layer: nn.Module, **settings: bool) -> Network:
    """Pack, walk and unpack; return the sequences, their lengths and the states at the end."""

    def forward(net: Any, x: Tensor, lengths: Tensor, *states: Tensor) -> object:
        first = net.layer.batch_first
        y, last = net.layer(pack_padded_sequence(x, lengths, first, **settings), *states)
        return pad_packed_sequence(y, first, total_length=x.shape[int(first)]), last

    return Network(forward, layer=layer)


def assert_as_in_float(model: nn.Module, *inputs: Tensor) -> None:
    """Compare the captured graph with the model, and the program, whose weights have 8 bits."""
    with torch.no_grad():
        expected = pytree.tree_leaves(model(*inputs))
    captured = capture(model, inputs)
    got = execute(captured.graph, captured.signature.bind(inputs, "the input"))
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-6)
    arrays = pytree.tree_leaves(run(quantize(model, *inputs, mapping=DYNAMIC), *inputs))
    for want, array in zip(expected, arrays, strict=True):
        assert sqnr(want.float(), torch.from_numpy(array).float()) > 28  # as the layers without lengths


@pytest.mark.parametrize(
    "layer",
    [
        nn.LSTM(6, 4, 2, bidirectional=True, batch_first=True),
        nn.GRU(6, 4, batch_first=True),
        nn.RNN(6, 4, bidirectional=True, batch_first=True, bias=False),
        nn.LSTM(6, 8, 2, proj_size=3, batch_first=True),
    ],
    ids=str,
)
def test_layers(layer):
    assert_as_in_float(packed(layer, enforce_sorted=False), torch.randn(3, 5, 6), LENGTHS)


def test_time_first_sorted_with_states():
    model = packed(nn.GRU(6, 4), enforce_sorted=True)
    assert_as_in_float(model, torch.randn(5, 3, 6), LENGTHS.sort(descending=True).values, torch.randn(1, 3, 4))


def test_projections():
    model = Network(lambda net, x: net.layer(x), layer=nn.LSTM(6, 8, 2, proj_size=3, bias=False, bidirectional=True))
    assert_as_in_float(model, torch.randn(5, 3, 6))


def test_dropout_between_packing_and_unpacking():
    def forward(net: Any, x: Tensor, lengths: Tensor) -> Tensor:
        sequence = pack_padded_sequence(x, lengths, enforce_sorted=False)
        y = net.layer(sequence)[0]
        y = PackedSequence(net.dropout(y.data), y.batch_sizes, y.sorted_indices, y.unsorted_indices)
        return pad_packed_sequence(y, total_length=x.shape[0])[0]

    model = Network(forward, layer=nn.LSTM(6, 4), dropout=nn.Dropout(0.5))
    assert_as_in_float(model, torch.randn(5, 3, 6), LENGTHS)


def test_batch_and_time_vary():
    model = packed(nn.LSTM(6, 4, batch_first=True), enforce_sorted=False)
    samples = [(torch.randn(2, 5, 6), torch.tensor([5, 1])), (torch.randn(4, 7, 6), torch.tensor([7, 7, 2, 3]))]
    captured = capture(model, samples[0], samples=samples)
    assert captured.graph.inputs[0].shape[0] == captured.graph.inputs[1].shape[0]
    for sample in samples:
        got = execute(captured.graph, captured.signature.bind(sample, "the input"))
        with torch.no_grad():
            torch.testing.assert_close(got, pytree.tree_leaves(model(*sample)))


@pytest.mark.parametrize("lengths", [[2, 6, 3], [2, 5, 0]], ids=str)
def test_a_length_outside_of_the_batch(lengths):
    model = packed(nn.LSTM(6, 4, batch_first=True), enforce_sorted=False)
    x, wrong = torch.randn(3, 5, 6), torch.tensor(lengths)
    message = r"'layer'.*: lengths\[[12]\] is [06], expected 1 to 5"
    with pytest.raises(CalibrationError, match=f"calibration sample 0: layer {message}"):
        quantize(model, x, LENGTHS, data=[(x, wrong)], mapping=default_static())
    program = quantize(model, x, LENGTHS, mapping=DYNAMIC).program
    with pytest.raises(ValueError, match=f"operator {message}"):
        LoadedProgram(program)(x.numpy(), wrong.numpy())


def test_what_cannot_be_expressed():
    layer = nn.LSTM(6, 4)
    x, lengths = torch.randn(5, 3, 6), LENGTHS

    def walk(net: Any, x: Tensor, lengths: Any) -> PackedSequence:
        return net.layer(pack_padded_sequence(x, lengths, enforce_sorted=False))[0]

    data = Network(lambda net, x, lengths: walk(net, x, lengths).data.mean(0), layer=layer)
    assert "data of packed sequences" in reasons(data, x, lengths)
    constants = Network(lambda net, x: pad_packed_sequence(walk(net, x, lengths), total_length=5)[0], layer=layer)
    assert "lengths of its sequences are constants" in reasons(constants, x)
    listed = Network(lambda net, x: pad_packed_sequence(walk(net, x, [5, 2, 1]))[0], layer=layer)
    with pytest.raises(CaptureError, match=r"lengths are a list, constants of the model; .* Remedy"):
        graph_of(listed, x)
    filled = Network(lambda net, x, n: pad_packed_sequence(walk(net, x, n), padding_value=1.0)[0], layer=layer)
    with pytest.raises(CaptureError, match=r"padding_value is 1.0, expected 0.0"):
        graph_of(filled, x, lengths)
    shorter = Network(lambda net, x, n: pad_packed_sequence(walk(net, x, n), total_length=4)[0], layer=layer)
    with pytest.raises(CaptureError, match="total_length is 4, the sequences were packed from"):
        graph_of(shorter, x, lengths)
    nothing = Network(
        lambda net, x, n: pad_packed_sequence(pack_padded_sequence(x, n, enforce_sorted=False), total_length=5)[0]
    )
    assert "no recurrent layer lies between" in reasons(nothing, x, lengths)


@pytest.mark.parametrize("first", [True, False])
def test_more_steps_than_were_packed(first):
    def forward(net: Any, x: Tensor, lengths: Tensor) -> object:
        y, _ = net.layer(pack_padded_sequence(x, lengths, first, enforce_sorted=False))
        return pad_packed_sequence(y, first, total_length=9)

    x = torch.randn(3, 5, 6)
    model = Network(forward, layer=nn.GRU(6, 4, batch_first=first))
    assert_as_in_float(model, x if first else x.transpose(0, 1), LENGTHS)


def test_says_that_the_result_has_the_steps_of_the_padded_batch():
    def forward(net: Any, x: Tensor, lengths: Tensor) -> Tensor:
        return pad_packed_sequence(net.layer(pack_padded_sequence(x, lengths, enforce_sorted=False))[0])[0]

    model = Network(forward, layer=nn.GRU(6, 4))
    with pytest.warns(CaptureWarning, match="as many steps as the padded batch .* total_length=x.shape"):
        captured = capture(model, (torch.randn(5, 3, 6), LENGTHS))
    x, lengths = torch.randn(5, 3, 6), torch.tensor([4, 2, 3])
    (got,) = execute(captured.graph, captured.signature.bind((x, lengths), "the input"))
    with torch.no_grad():
        torch.testing.assert_close(got[:4], model(x, lengths))
    assert not got[4:].any()


def test_pytorch_packs_as_before():
    x = torch.randn(5, 3, 6)
    graph = graph_of(packed(nn.GRU(6, 4), enforce_sorted=False), x, LENGTHS)
    assert types(graph).count("gru") == 1
    sequence = pack_padded_sequence(x, LENGTHS, enforce_sorted=False)
    assert sequence.batch_sizes.tolist() == [3, 3, 2, 1, 1]
    assert pad_packed_sequence(sequence)[1].tolist() == LENGTHS.tolist()
