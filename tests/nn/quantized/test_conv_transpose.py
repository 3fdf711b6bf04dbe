"""Transposed convolutions in 8 bits: what is special about them."""

from __future__ import annotations

import pytest
import torch
from tests.nn.samples import calibrate, quantize
from torch import nn

import octavo.nn.quantized as nnq
from octavo.nn import QTensor
from octavo.numerics import by_output_channel


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_swapping_channels_twice_gives_the_weight_back(groups):
    weight = torch.randn(8, 4, 3, 2, generator=torch.Generator().manual_seed(groups))
    swapped = by_output_channel(weight, groups)
    assert swapped.shape == (4 * groups, 8 // groups, 3, 2)
    assert torch.equal(by_output_channel(swapped, groups), weight)


def test_each_output_channel_has_a_scale():
    module = nn.ConvTranspose2d(4, 3, 2)
    with torch.no_grad():
        module.weight[:, 1] *= 100
    x = quantize(torch.randn(1, 4, 3, 3, generator=torch.Generator().manual_seed(0)))
    layer = nnq.ConvTranspose2d.from_float(calibrate(module, x.dequantize()))
    scale = layer.weight().q_per_channel_scales()
    assert layer.weight().q_per_channel_axis() == 1
    assert scale[1] > 50 * scale[0]
    assert ((layer.weight().dequantize() - module.weight).abs().amax((0, 2, 3)) <= 0.501 * scale).all()


def test_a_weight_that_was_set_is_the_weight():
    layer = nnq.ConvTranspose1d(4, 6, 3, groups=2, bias=False)
    w = QTensor(torch.randint(-127, 128, (4, 3, 3), dtype=torch.int8), 0.25, 0)
    layer.set_weight_bias(w, None)
    assert torch.equal(by_output_channel(layer.qweight, 2), w.int_repr())
    assert layer.weight_scale.tolist() == [0.25] * 6


def test_repr_lists_what_differs_from_the_default():
    layer = nnq.ConvTranspose2d(8, 4, 3, stride=2, padding=1, output_padding=1)
    assert repr(layer) == (
        "QuantizedConvTranspose2d(8, 4, kernel_size=(3, 3), stride=(2, 2), scale=1.0, zero_point=0, padding=(1, 1), "
        "output_padding=(1, 1))"
    )


def test_padding_modes_are_refused():
    with pytest.raises(ValueError, match=r"padding_mode: got 'reflect', expected 'zeros' for ConvTranspose2d"):
        nnq.ConvTranspose2d(8, 4, 3, padding_mode="reflect")
