"""Transposed convolutions and volumes as programs: their integers, their QConfigs, their float forms."""

import numpy as np
import pytest
import torch
from small_networks import conv, image, in_float, operators, quantize, sqnr_of
from torch import nn

from octavo.observers import MinMaxObserver, PerChannelMinMaxObserver
from octavo.program.transposed import by_output_channel
from octavo.qconfig import QConfig, default_static

ACTIVATION = default_static().resolve("0", "conv").activation


def per_channel(ch_axis: int) -> QConfig:
    return QConfig(ACTIVATION, PerChannelMinMaxObserver.with_args(
        ch_axis=ch_axis, dtype="int8", qscheme="per_channel_symmetric", quant_min=-127))  # fmt: skip


@pytest.mark.parametrize("groups", [1, 2, 6])
def test_each_output_channel_uses_its_range(groups):
    layer = nn.ConvTranspose2d(6, 12, 3, stride=2, groups=groups)
    conversion = quantize(nn.Sequential(conv(3, 6), nn.ReLU(), layer), image())
    constants = conversion.program.constants
    weight, scale = constants["2.weight"], constants["2.weight_scale"].reshape(-1, 1, 1, 1)
    assert weight.dtype == np.int8 and weight.shape == tuple(layer.weight.shape)
    integers, real = (by_output_channel(w, groups) for w in (weight, layer.weight.detach().numpy()))
    assert np.abs(integers.astype(int)).max(axis=(1, 2, 3)).tolist() == [127] * 12
    assert (np.abs(integers * scale - real) <= scale * 0.5001).all()


@pytest.mark.parametrize("groups", [1, 2])
def test_an_observer_of_axis_1_is_one_of_output_channels(groups):
    torch.manual_seed(1)
    model = nn.Sequential(conv(3, 4), nn.ReLU(), nn.ConvTranspose2d(4, 6, 3, stride=2, groups=groups))
    x = image()
    programs = []
    for axis in (0, 1):
        mapping = default_static().set_object_type(nn.ConvTranspose2d, per_channel(axis))
        programs.append(quantize(model, x, mapping=mapping).program)
    np.testing.assert_array_equal(*(program.constants["2.weight"] for program in programs))
    np.testing.assert_array_equal(*(program.constants["2.weight_scale"] for program in programs))


def test_weights_per_tensor():
    weight = MinMaxObserver.with_args(dtype="int8", qscheme="per_tensor_symmetric")
    model, x = nn.Sequential(conv(3, 4), nn.ReLU(), nn.ConvTranspose2d(4, 6, 3)), image()
    conversion = quantize(model, x, mapping=default_static().set_global(QConfig(ACTIVATION, weight)))
    assert len(set(conversion.program.constants["2.weight_scale"].tolist())) == 1
    assert sqnr_of(conversion, model, x) > 30


@pytest.mark.parametrize("bias", [True, False])
def test_in_float_by_the_mapping(bias):
    model = nn.Sequential(conv(3, 4), nn.ConvTranspose2d(4, 6, 4, 2, 1, groups=2, bias=bias), nn.ReLU(), conv(6, 2))
    x = image()
    conversion = quantize(model, x, mapping=default_static().set_module_name("1", None))
    kinds = [kind for kind, _ in operators(conversion)]
    assert kinds == ["quantize", "conv", "conv_transpose", "clamp", "quantize", "conv"]
    assert list(in_float(conversion)) == ["1"] and sqnr_of(conversion, model, x) > 34


def test_what_follows_the_last_layer_of_a_volume_is_float():
    model = nn.Sequential(nn.Conv3d(2, 4, 3, padding=1), nn.LeakyReLU(0.1))
    x = torch.randn(2, 2, 4, 5, 6)
    conversion = quantize(model, x)
    assert list(in_float(conversion)) == ["1"] and sqnr_of(conversion, model, x) > 36


def test_an_accumulator_that_could_overflow_stays_in_float():
    up = nn.ConvTranspose1d(70000, 1, 1)
    up.weight.data.fill_(1.0)
    x = torch.rand(1, 70000, 1)
    (record,) = quantize(up, x).layers
    assert not record.int8 and "its accumulator could reach 22" in record.reason


@pytest.mark.parametrize("function", [nn.MaxPool3d(2), nn.AvgPool3d(3, 1, 1), nn.AdaptiveAvgPool3d((2, 1, 3))])
def test_pools_of_volumes_run_in_8_bits(function):
    model = nn.Sequential(nn.Conv3d(2, 4, 3, padding=1), function, nn.Conv3d(4, 3, 1))
    x = torch.randn(2, 2, 4, 5, 6)
    conversion = quantize(model, x)
    assert in_float(conversion) == {} and len(operators(conversion)) == 4
    assert sqnr_of(conversion, model, x) > 34
