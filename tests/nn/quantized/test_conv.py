"""Convolutions in 8 bits: what is special about them."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from tests.nn.samples import LAYERS, Case, calibrate, convert, quantize
from torch import nn

import octavo.nn.quantized as nnq
from octavo.nn import QTensor
from octavo.program import ShapeError


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_padding_modes_pad_with_the_integers_of_the_input(mode):
    case = Case(lambda: nn.Conv2d(4, 5, 3, padding=(1, 2), padding_mode=mode), nnq.Conv2d, ((2, 4, 6, 5),))
    _, layer, (x,) = convert(case)
    padded = x.with_data(F.pad(x.int_repr(), (2, 2, 1, 1), mode=mode))
    y = layer(x)
    assert f"padding_mode={mode}" in repr(layer)
    valid = nnq.Conv2d(4, 5, 3)
    valid.load_state_dict(layer.state_dict())
    assert torch.equal(y.int_repr(), valid(padded).int_repr())


@pytest.mark.parametrize("name", ["conv1d", "conv2d", "conv3d"])
def test_a_sample_without_a_batch_axis_is_a_batch_of_one(name):
    _, layer, (x,) = convert(LAYERS[name])
    assert torch.equal(layer(x[1]).int_repr(), layer(x).int_repr()[1])


def test_a_wrong_number_of_axes_is_refused_by_name():
    _, layer, (x,) = convert(LAYERS["conv2d"])
    layer.name = "stem"
    with pytest.raises(
        ShapeError, match=r"module 'stem' \(QuantizedConv2d\).*expected \[n, c, …\] with 2 spatial axes"
    ):
        layer(x[0, 0])


def test_a_dead_channel_with_a_large_bias_keeps_its_bias():
    module = nn.Conv2d(4, 2, 1)
    with torch.no_grad():
        module.weight[1] = 1e-12
        module.bias[1] = 3.0
    x = quantize(torch.randn(1, 4, 3, 3, generator=torch.Generator().manual_seed(0)))
    layer = nnq.Conv2d.from_float(calibrate(module, x.dequantize()))
    assert (layer(x).dequantize()[:, 1] - 3.0).abs().max() <= layer.scale / 2


def test_repr_lists_what_differs_from_the_default():
    layer = nnq.Conv2d(8, 4, 3, stride=2, padding=1, dilation=2, groups=2, bias=False)
    assert repr(layer) == (
        "QuantizedConv2d(8, 4, kernel_size=(3, 3), stride=(2, 2), scale=1.0, zero_point=0, padding=(1, 1), "
        "dilation=(2, 2), groups=2, bias=False)"
    )
    assert repr(nnq.Conv1d(8, 4, 3)) == (
        "QuantizedConv1d(8, 4, kernel_size=(3,), stride=(1,), scale=1.0, zero_point=0)"
    )


def test_weights_that_were_set_are_the_weights():
    layer = nnq.Conv1d(3, 2, 2)
    w = quantize(torch.randn(2, 3, 2, generator=torch.Generator().manual_seed(1)), "int8")
    symmetric = QTensor(w.int_repr(), w.q_scale(), 0)
    layer.set_weight_bias(symmetric, torch.tensor([1.0, -1.0]))
    assert torch.equal(layer.weight().int_repr(), w.int_repr().clamp(min=-127))
    assert layer.bias().tolist() == [1.0, -1.0]
    assert layer.weight().q_per_channel_scales().tolist() == [w.q_scale()] * 2


def test_layers_keep_channels_last_memory_and_floats_are_contiguous():
    _, layer, (x,) = convert(LAYERS["conv2d"])
    y = layer(x)
    assert y.int_repr().is_contiguous(memory_format=torch.channels_last)
    pooled = F.max_pool2d(F.relu(y), 2)
    assert pooled.int_repr().is_contiguous(memory_format=torch.channels_last)
    assert y.dequantize().is_contiguous()
    assert torch.equal(layer(x.contiguous(memory_format=torch.channels_last)).int_repr(), y.int_repr())
