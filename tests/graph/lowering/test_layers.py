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


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"stride": (1, 2, 2), "padding": (0, 1, 2), "bias": False},
        {"kernel_size": (2, 3, 4), "dilation": (2, 1, 1), "padding": "same"},
        {"groups": 4, "out_channels": 8},
    ],
    ids=str,
)
def test_convolution_3d(settings):
    model = nn.Conv3d(**{"in_channels": 4, "out_channels": 6, "kernel_size": 3, **settings})
    assert types(assert_captures(model, torch.randn(2, 4, 5, 6, 7))) == ["conv"]


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"stride": 2, "padding": 1, "output_padding": 1, "bias": False},
        {"stride": 3, "dilation": 2, "groups": 2},
    ],
    ids=str,
)
def test_transposed_convolution(axes, settings):
    layer = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)[axes - 1]
    graph = assert_captures(layer(4, 6, 3, **settings), torch.randn(2, 4, 5, 4, 3)[(..., *(0,) * (3 - axes))])
    assert types(graph) == ["conv_transpose"]


def test_transposed_convolution_to_a_given_size():
    model = Network(lambda net, x: net.up(x, output_size=(10, 9)), up=nn.ConvTranspose2d(3, 4, 3, 2, 1))
    graph = assert_captures(model, image(height=5, width=5))
    assert graph.nodes[0].name == "up" and graph.nodes[0].attributes["output_padding"] == [1, 0]


@pytest.mark.parametrize("transposed", [False, True])
def test_the_general_convolution(transposed):
    weight = torch.randn((4, 3, 3, 3) if transposed else (6, 2, 3, 3))
    settings = ([2, 2], [1, 1], [1, 1], transposed, [1, 1] if transposed else [0, 0], 2)
    model = Network(lambda net, x: torch.ops.aten.convolution(x, net.weight, None, *settings))
    model.register_buffer("weight", weight)
    assert types(assert_captures(model, image(channels=4))) == ["conv_transpose" if transposed else "conv"]


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
        (Network(lambda net, x: x @ x[0, 0, 0]), image(), "it multiplies by a vector"),
        (Network(lambda net, x: F.conv2d(x, x[:1])), image(), "weight depends on the input"),
    ],
    ids=["product with a vector", "weight from the input"],
)
def test_refuses(model, x, reason):
    assert reason in reasons(model, x)


def test_refuses_an_image_without_batch():
    assert "no batch dimension" in reasons(nn.Conv2d(3, 4, 3), torch.randn(3, 8, 8))
    assert "no batch dimension" in reasons(nn.ConvTranspose3d(3, 4, 3), torch.randn(3, 8, 8, 8))
