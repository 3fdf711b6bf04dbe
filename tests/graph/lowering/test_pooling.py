"""Pooling and means."""

import pytest
import torch
import torch.nn.functional as F
from small_networks import Network, assert_captures, image, reasons, types
from torch import nn

from octavo.graph import capture

MODULES = [
    nn.MaxPool2d(2), nn.MaxPool2d(3, 2, 1), nn.MaxPool2d(3, 2, 1, ceil_mode=True), nn.MaxPool2d((2, 3), dilation=2),
    nn.AvgPool2d(2), nn.AvgPool2d(3, 2, 1), nn.AvgPool2d(3, 2, 1, ceil_mode=True), nn.AvgPool2d(3, 2, 1, False, False),
    nn.AvgPool2d(3, divisor_override=5), nn.AdaptiveAvgPool2d(1), nn.AdaptiveAvgPool2d((5, 3)), nn.AdaptiveMaxPool2d(4),
]  # fmt: skip


@pytest.mark.parametrize("module", MODULES, ids=repr)
def test_modules_2d(module):
    assert len(types(assert_captures(module, image(height=12, width=16)))) == 1


@pytest.mark.parametrize(
    "module",
    [nn.MaxPool1d(3, 2, 1), nn.AvgPool1d(3, 2, 1), nn.AdaptiveAvgPool1d(4), nn.AdaptiveMaxPool1d(3)],
    ids=repr,
)
def test_modules_1d(module):
    assert len(types(assert_captures(module, torch.randn(2, 3, 12)))) == 1


@pytest.mark.parametrize(
    "module",
    [
        nn.MaxPool3d(2), nn.MaxPool3d((1, 3, 2), (1, 2, 1), (0, 1, 1), (1, 1, 2), ceil_mode=True), nn.AvgPool3d(2),
        nn.AvgPool3d(3, 2, 1, ceil_mode=True, count_include_pad=False), nn.AvgPool3d((1, 2, 2), divisor_override=3),
        nn.AdaptiveAvgPool3d(1), nn.AdaptiveAvgPool3d((2, 3, 5)), nn.AdaptiveMaxPool3d((2, 3, 1)),
    ],
    ids=repr,
)  # fmt: skip
def test_modules_3d(module):
    assert len(types(assert_captures(module, torch.randn(2, 3, 4, 6, 7)))) == 1


@pytest.mark.parametrize(
    ("function", "x"),
    [
        (lambda x: x.mean((2, 3)), image()),
        (lambda x: x.mean((2, 3, 4)), torch.randn(2, 3, 4, 2, 3)),
        (lambda x: x.mean([-1, -2], keepdim=True), image()),
        (lambda x: x.mean(2), torch.randn(2, 3, 7)),
    ],
    ids=["space", "volume", "space kept", "length"],
)
def test_means(function, x):
    assert "adaptive_avg_pool" in types(assert_captures(Network(lambda net, x: function(x)), x))


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda x: F.adaptive_max_pool2d(x, 5), "does not divide"),
        (lambda x: F.max_pool2d(x, 2, return_indices=True)[0], "max_pool2d_with_indices"),
        (lambda x: F.adaptive_max_pool2d(x, 4, return_indices=True)[1], "result 1 of an operator"),
    ],
    ids=["adaptive max of 5", "with indices", "indices"],
)
def test_refuses(function, reason):
    assert reason in reasons(Network(lambda net, x: function(x)), image())


def test_a_window_as_large_as_the_image_fixes_the_image():
    model = Network(lambda net, x: F.avg_pool2d(x, x.shape[2:]))
    assert types(assert_captures(model, image())) == ["avg_pool"]
    captured = capture(model, image(), samples=[image(height=8, width=8)])
    assert captured.signature.inputs[0].shape == ("batch", 3, 12, 12)
