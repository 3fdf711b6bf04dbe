"""Enlarging by whole factors."""

import pytest
import torch
import torch.nn.functional as F
from small_networks import Network, assert_captures, conv, image, quantize, reasons, run, sqnr_of, types
from torch import nn


@pytest.mark.parametrize("scale", [2, (1, 3), (2, 3)])
def test_nearest(scale):
    graph = assert_captures(Network(lambda net, x: F.interpolate(x, scale_factor=scale)), image())
    assert set(types(graph)) == {"reshape", "concat"}


def test_nearest_to_a_size_and_in_one_dimension():
    assert_captures(Network(lambda net, x: F.interpolate(x, size=(24, 36))), image())
    assert_captures(Network(lambda net, x: F.interpolate(x, scale_factor=3)), torch.randn(2, 3, 5))


def test_pixel_shuffle():
    graph = assert_captures(nn.PixelShuffle(2), image(channels=8))
    assert types(graph) == ["reshape", "permute", "reshape"]


def test_a_decoder_stays_in_int8():
    model = nn.Sequential(
        conv(3, 8), nn.ReLU(), nn.Upsample(scale_factor=2), conv(8, 8), nn.PixelShuffle(2), conv(2, 2)
    )
    conversion = quantize(model, image())
    kinds = [operator.type for operator in conversion.program.operators]
    assert kinds.count("quantize") == 1 and "dequantize" not in kinds
    assert sqnr_of(conversion, model, image()) > 25


def test_symbolic_sizes():
    model = Network(lambda net, x: net.conv(F.interpolate(x, scale_factor=2)), conv=conv(3, 2))
    conversion = quantize(model, image(height=8), data=[(image(),), (image(height=8),)])
    assert run(conversion, image(1, height=5)).shape == (1, 2, 10, 24)


def test_other_factors_are_refused():
    assert "enlarge by a whole factor" in reasons(Network(lambda net, x: F.interpolate(x, scale_factor=1.5)), image())
