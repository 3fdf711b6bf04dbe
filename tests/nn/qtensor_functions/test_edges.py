"""Where functions on QTensors leave the integers, and what they do in place."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from tests.nn.samples import quantize
from torch import nn

from octavo.nn import QTensor, conversions

OTHER = QTensor(torch.arange(288, dtype=torch.int32).to(torch.uint8).view(2, 4, 6, 6), 0.5, 0)


@pytest.fixture
def x() -> QTensor:
    return quantize(torch.randn(2, 4, 6, 6, generator=torch.Generator().manual_seed(3)))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x + x,
        lambda x: x * 2.0,
        lambda x: torch.cat([x, OTHER]),
        lambda x: torch.maximum(x, OTHER),
        lambda x: F.pad(x, (1, 1), value=0.1234),
        lambda x: F.adaptive_max_pool2d(x, 4),
        lambda x: F.max_pool2d(x, 2, return_indices=True)[0],
        lambda x: F.dropout(x, 0.0, training=True),
        lambda x: x.to(torch.float64),
        lambda x: x.clamp(torch.tensor(0.0)),
        lambda x: torch.softmax(x, 1),
        lambda x: F.interpolate(x, size=(3, 3), mode="bicubic"),
        lambda x: x.mean((2, 3), dtype=torch.float64),
        lambda x: x > float("nan"),
    ],
)
def test_what_has_no_known_integers_is_dequantized_and_counted(function, x):
    with conversions.recording() as seen:
        y = function(x)
    assert not isinstance(y, QTensor)
    assert seen.total() >= 1
    expected = function(x.dequantize())
    assert expected.dtype == y.dtype
    assert y.shape == expected.shape


def test_a_blend_is_rounded_to_the_qparams_of_its_input_and_counted(x):
    with conversions.recording() as seen:
        y = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
    assert seen.rows() == [("function interpolate", "dequantize", 1), ("function interpolate", "quantize", 1)]
    expected = F.interpolate(x.dequantize(), scale_factor=2, mode="bilinear", align_corners=True)
    assert y.value == x.value
    assert (y.dequantize() - expected).abs().max() <= x.q_scale() * 0.501


@pytest.mark.parametrize(
    "function", [F.relu_, lambda x: x.relu_(), nn.ReLU(inplace=True), nn.ReLU6(inplace=True), lambda x: x.clamp_(0, 6)]
)
def test_in_place_functions_change_their_argument(function, x):
    expected = x.dequantize().clamp(0, 6)
    y = function(x)
    assert y is x
    assert torch.equal(x.dequantize(), expected)


def test_an_in_place_function_leaves_the_tensor_it_came_from_alone():
    q = torch.arange(6, dtype=torch.uint8)
    F.relu_(QTensor(q, 1.0, 3))
    assert q.tolist() == [0, 1, 2, 3, 4, 5]


def test_padding_with_another_exact_number_stays_in_integers(x):
    number = float(x.dequantize()[0, 0, 0, 0])
    with conversions.recording() as seen:
        y = F.pad(x, (1, 0), value=number)
    assert seen.total() == 0
    assert torch.equal(y.dequantize(), F.pad(x.dequantize(), (1, 0), value=number))


def test_a_weight_per_channel_copies_but_does_not_move():
    w = QTensor(torch.ones(2, 3, dtype=torch.int8), torch.tensor([0.5, 2.0]), torch.zeros(2, dtype=torch.int32), 0)
    with conversions.recording() as seen:
        assert w.clone().q_per_channel_scales().tolist() == [0.5, 2.0]
        assert copy.deepcopy(w.detach()).q_per_channel_axis() == 0
    assert seen.total() == 0
    assert not isinstance(w.t(), QTensor)
    with pytest.raises(
        TypeError, match=r"shape \[2, 3\]: it has a scale for each channel of axis 0, expected one scale"
    ):
        _ = w.value


def test_a_tensor_that_lies_channels_last_can_be_viewed_as_a_contiguous_one(x):
    last = x.with_data(x.int_repr().contiguous(memory_format=torch.channels_last))
    for function in (lambda x: x.view(2, -1), lambda x: x.view_as(torch.empty(8, 36)), lambda x: x.flatten(1)):
        assert torch.equal(function(last).int_repr(), function(x).int_repr())
