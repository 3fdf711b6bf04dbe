"""Padding with the values that a tensor has: slices and concatenations."""

import pytest
import torch
import torch.nn.functional as F
from small_networks import Network, assert_captures, image, quantize, reasons, run, sqnr_of, types
from torch import nn


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
@pytest.mark.parametrize("widths", [(1, 1, 1, 1), (2, 0, 0, 3), (0, 2)])
def test_modes(mode, widths):
    x = image()
    if len(widths) == 2:
        x = x[..., 0]
    graph = assert_captures(Network(lambda net, x: F.pad(x, widths, mode=mode)), x)
    assert set(types(graph)) == {"slice", "concat"}


def test_modules_of_every_rank():
    assert_captures(nn.ReplicationPad3d(1), torch.randn(2, 3, 4, 5, 6))
    assert_captures(nn.ReflectionPad1d((1, 2)), torch.randn(2, 3, 8))
    assert_captures(nn.CircularPad2d(2), image())


def test_a_convolution_that_pads_by_values_stays_in_int8():
    model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect"), nn.ReLU(), nn.Conv2d(4, 2, 1))
    conversion = quantize(model, image())
    kinds = [operator.type for operator in conversion.program.operators]
    assert kinds.count("quantize") == 1 and kinds.count("conv") == 2 and "dequantize" not in kinds
    assert [layer.name for layer in conversion.layers if layer.type == "conv"] == ["0", "2"]
    assert sqnr_of(conversion, model, image()) > 28


def test_symbolic_sizes():
    model = Network(lambda net, x: net.conv(F.pad(x, (1, 1, 1, 1), mode="reflect")), conv=nn.Conv2d(3, 2, 3))
    conversion = quantize(model, image(height=8, width=9), data=[(image(),), (image(height=8, width=9),)])
    assert run(conversion, image(1, height=5, width=7)).shape == (1, 2, 5, 7)


def test_other_numbers_than_zero_are_refused():
    assert "value 1.0" in reasons(Network(lambda net, x: F.pad(x, (1, 1), value=1.0)), image())
