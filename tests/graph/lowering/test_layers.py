"""Convolutions and linear layers."""

import pytest
import torch
import torch.nn.functional as F
from small_networks import Network, assert_captures, image, reasons, types
from torch import nn


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"bias": False},
        {"stride": (2, 1), "padding": (1, 2)},
        {"dilation": 2, "padding": "same"},
        {"padding": "valid"},
        {"kernel_size": (2, 4), "padding": "same"},
        {"groups": 2},
        {"groups": 4, "out_channels": 8},
    ],
    ids=str,
)
def test_convolution_2d(settings):
    model = nn.Conv2d(**{"in_channels": 4, "out_channels": 6, "kernel_size": 3, **settings})
    assert types(assert_captures(model, image(channels=4))) == ["conv"]


@pytest.mark.parametrize(
    "settings", [{}, {"stride": 2, "padding": 1}, {"dilation": 3, "groups": 2, "padding": "same"}], ids=str
)
def test_convolution_1d(settings):
    assert types(assert_captures(nn.Conv1d(4, 6, 3, **settings), torch.randn(2, 4, 11))) == ["conv"]


@pytest.mark.parametrize("shape", [(2, 5), (2, 3, 5), (2, 3, 4, 5)], ids=str)
@pytest.mark.parametrize("bias", [True, False])
def test_linear(shape, bias):
    assert types(assert_captures(nn.Linear(5, 4, bias=bias), torch.randn(shape))) == ["linear"]


@pytest.mark.parametrize(
    "function",
    [
        lambda net, x: x @ net.fc.weight.t(),
        lambda net, x: torch.mm(x, net.fc.weight.t()),
        lambda net, x: torch.addmm(net.fc.bias, x, net.fc.weight.t()),
        lambda net, x: torch.addmm(net.fc.bias, x, net.fc.weight.t(), beta=2, alpha=3),
        lambda net, x: F.linear(x, net.fc.weight * 2, net.fc.bias + 1),
    ],
    ids=["matmul", "mm", "addmm", "addmm with factors", "weight computed"],
)
def test_spellings_of_linear(function):
    assert types(assert_captures(Network(function, fc=nn.Linear(5, 4)), torch.randn(3, 5))) == ["linear"]


@pytest.mark.parametrize(
    ("model", "x", "reason"),
    [
        (nn.ConvTranspose2d(3, 4, 3), image(), "conv_transpose2d"),
        (nn.Conv3d(3, 4, 3), torch.randn(2, 3, 5, 5, 5), "conv3d"),
        (Network(lambda net, x: x @ x.transpose(2, 3)), image(), "both depend on the input"),
        (Network(lambda net, x: F.conv2d(x, x[:1])), image(), "weight depends on the input"),
    ],
    ids=["transposed", "3d", "product of values", "weight from the input"],
)
def test_refuses(model, x, reason):
    assert reason in reasons(model, x)


def test_refuses_an_image_without_batch():
    assert "no batch dimension" in reasons(nn.Conv2d(3, 4, 3), torch.randn(3, 8, 8))
