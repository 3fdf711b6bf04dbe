"""Packed sequences through recurrent modules with dynamic ranges."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tests.nn.dynamic.dynamic_samples import dynamic, seeded
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pack_sequence, pad_packed_sequence

from octavo.numerics import sqnr
from octavo.program import ShapeError

LENGTHS = [3, 7, 1, 7, 4]
KINDS = {
    "lstm": (nn.LSTM, {"num_layers": 2}),
    "lstm_both_ways": (nn.LSTM, {"num_layers": 2, "bidirectional": True}),
    "gru_both_ways": (nn.GRU, {"bidirectional": True}),
    "rnn": (nn.RNN, {"nonlinearity": "relu"}),
}


@pytest.fixture(params=list(KINDS))
def pair(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    make, arguments = KINDS[request.param]
    module = seeded(make, 5, 6, **arguments)
    return module, dynamic(module)


def as_tuple(states: Any) -> tuple[Any, ...]:
    return states if isinstance(states, tuple) else (states,)


def start(module: Any, batch: int) -> Any:
    shape = (module.num_layers * (2 if module.bidirectional else 1), batch, 6)
    return (torch.randn(shape), torch.randn(shape)) if isinstance(module, nn.LSTM) else torch.randn(shape)


@pytest.mark.parametrize("given", [False, True], ids=["zeros", "states"])
@pytest.mark.parametrize("enforce_sorted", [False, True])
def test_each_sample_as_if_it_were_alone(pair: tuple[Any, Any], enforce_sorted: bool, given: bool) -> None:
    module, layer = pair
    lengths = sorted(LENGTHS, reverse=True) if enforce_sorted else LENGTHS
    samples = [torch.randn(n, 5) for n in lengths]
    hx = start(module, len(lengths)) if given else None
    output, last = layer(pack_sequence(samples, enforce_sorted=enforce_sorted), hx)
    assert isinstance(output, PackedSequence)
    padded, found = pad_packed_sequence(output)
    assert found.tolist() == lengths
    for i, sample in enumerate(samples):
        one = None if hx is None else tuple(s[:, i] for s in as_tuple(hx))
        y, end = layer(sample, one if one is None or isinstance(hx, tuple) else one[0])
        assert torch.equal(padded[: len(sample), i], y)
        assert all(torch.equal(a[:, i], b) for a, b in zip(as_tuple(last), as_tuple(end), strict=True))


@pytest.mark.parametrize("batch_first", [False, True])
def test_close_to_the_float_module(batch_first: bool) -> None:
    module = seeded(nn.LSTM, 5, 6, 2, bidirectional=True, batch_first=batch_first)
    x = torch.randn((5, 7, 5) if batch_first else (7, 5, 5))
    packed = pack_padded_sequence(x, torch.tensor(LENGTHS), batch_first=batch_first, enforce_sorted=False)
    real, real_last = module(packed)
    output, last = dynamic(module)(packed)
    # As for sequences of one length; the packed rows have the float module's order.
    assert sqnr(real.data.detach(), output.data) > 25
    assert all(sqnr(a.detach(), b) > 25 for a, b in zip(real_last, last, strict=True))
    assert torch.equal(real.batch_sizes, output.batch_sizes)
    assert torch.equal(real.unsorted_indices, output.unsorted_indices)


def test_wrong_inputs_are_named() -> None:
    layer = dynamic(nn.GRU(5, 6))
    with pytest.raises(ShapeError, match=r"module '0' \(DynamicQuantizedGRU\): the input has shape \[3, 4\]"):
        layer(pack_sequence([torch.randn(2, 4), torch.randn(1, 4)]))
    with pytest.raises(ShapeError, match=r"state 0 at the start has shape \[1, 3, 6\], expected \[1, 2, 6\]"):
        layer(pack_sequence([torch.randn(2, 5), torch.randn(1, 5)]), torch.randn(1, 3, 6))
