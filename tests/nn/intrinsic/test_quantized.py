"""Fused modules in 8 bits: what the fusion means."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.nn.samples import FUSED, calibrate, convert, quantize
from torch import nn

import octavo.nn.intrinsic as nni
import octavo.nn.intrinsic.quantized as nniq
import octavo.nn.quantized as nnq
from octavo.nn.errors import FloatInputError


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("conv_relu1d", lambda: nnq.Conv1d(8, 6, 3)),
        ("conv_relu2d", lambda: nnq.Conv2d(8, 6, 3)),
        ("conv_relu3d", lambda: nnq.Conv3d(8, 6, 3)),
        ("linear_relu", lambda: nnq.Linear(8, 5)),
        ("bn_relu2d", lambda: nnq.BatchNorm2d(8)),
        ("bn_relu3d", lambda: nnq.BatchNorm3d(8)),
    ],
)
def test_a_fused_relu_is_the_layer_and_a_relu_of_its_integers(name, plain):
    _, fused, (x,) = convert(FUSED[name])
    fused.set_output(fused.scale * 2, 100)
    layer = plain()
    layer.load_state_dict(fused.state_dict())
    y = fused(x).int_repr()
    assert int(y.min()) == 100
    assert torch.equal(y, layer(x).int_repr().clamp(min=100))


@pytest.mark.parametrize("name", ["conv_add2d", "conv_add_relu2d"])
def test_a_residual_is_added_before_the_one_rounding(name):
    _, fused, (x, residual) = convert(FUSED[name])
    constants = fused.layer_constants(x.value)
    wide = (x.int_repr().double() - x.q_zero_point(), torch.from_numpy(constants["weight"]).double())
    accumulator = torch.nn.functional.conv2d(*wide, torch.from_numpy(constants["bias"]).double(), 1, fused.padding)
    factors = np.float64(x.q_scale()) * constants["weight_scale"].astype(np.float64) / fused.scale
    m = factors.astype(np.float32)[None, :, None, None]
    m_r = np.float32(residual.q_scale() / np.float64(fused.scale))
    r = (residual.int_repr().numpy().astype(np.float32) - residual.q_zero_point()) * m_r
    steps = np.rint(accumulator.numpy().astype(np.float32) * m + r) + fused.zero_point
    low = fused.zero_point if name == "conv_add_relu2d" else 0
    np.testing.assert_array_equal(fused(x, residual).int_repr().numpy(), np.clip(steps, low, 255))


def test_a_float_residual_is_refused_by_name():
    _, fused, (x, residual) = convert(FUSED["conv_add2d"])
    fused.name = "layer1.0.conv2"
    with pytest.raises(FloatInputError, match=r"module 'layer1.0.conv2' \(QuantizedConvAdd2d\)"):
        fused(x, residual.dequantize())


def test_tanh_and_leaky_relu_see_the_sums_before_they_are_rounded():
    x = quantize(torch.randn(4, 8, generator=torch.Generator().manual_seed(2)))
    module = nni.LinearTanh(nn.Linear(8, 3), nn.Tanh())
    with torch.no_grad():
        module[0].weight *= 200
    layer = nniq.LinearTanh.from_float(calibrate(module, x.dequantize()))
    # Sums near ±100 would have steps of 1 in 8 bits; their tanh is right to half a step of 1/128.
    assert (layer(x).dequantize() - module(x.dequantize())).abs().median() <= layer.scale


def test_repr_shows_the_slope():
    text = repr(nniq.LinearLeakyReLU(4, 2, 0.25))
    assert text.startswith("QuantizedLinearLeakyReLU(in_features=4, out_features=2, scale=1.0, zero_point=0")
    assert text.endswith("negative_slope=0.25)")
