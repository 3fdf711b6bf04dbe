"""Clamps become the saturation of the operator before."""

import pytest
import torch
import torch.nn.functional as F
from small_networks import Network, assert_computes_the_same, conv, graph_of, image, types
from torch import nn

from octavo.graph.passes import fuse_activation, fuse_residual


@pytest.mark.parametrize(
    ("activation", "bounds"),
    [
        (nn.ReLU(), (0.0, None)),
        (nn.ReLU6(), (0.0, 6.0)),
        (nn.Hardtanh(), (-1.0, 1.0)),
        (Network(lambda net, x: x.clamp(max=0.5)), (None, 0.5)),
        (Network(lambda net, x: torch.clamp_min(x, -0.25)), (-0.25, None)),
    ],
    ids=["relu", "relu6", "hardtanh", "clamp max", "clamp_min"],
)
def test_fuses_every_clamp(activation, bounds):
    x = image()
    graph = graph_of(nn.Sequential(conv(3, 4), activation), x)
    fused = fuse_activation(graph)
    assert types(graph) == ["conv", "clamp"] and types(fused) == ["conv"]
    assert fused.nodes[0].attributes["clamp"] == bounds
    assert_computes_the_same(graph, fused, x)


@pytest.mark.parametrize(
    "function",
    [
        lambda net, x: F.relu(x + x * x),
        lambda net, x: F.relu(x * x),
        lambda net, x: F.relu(F.avg_pool2d(x, 2)),
        lambda net, x: F.relu(F.adaptive_avg_pool2d(x, 3)),
        lambda net, x: F.relu(net.fc(x)),
        lambda net, x: F.relu(net.up(x)),
    ],
    ids=["add", "mul", "avg_pool", "adaptive_avg_pool", "linear", "conv_transpose"],
)
def test_fuses_into_everything_that_requantizes(function):
    x = image()
    graph = graph_of(Network(function, fc=nn.Linear(12, 4), up=nn.ConvTranspose2d(3, 4, 2)), x)
    fused = fuse_activation(graph)
    assert "clamp" in types(graph) and "clamp" not in types(fused)
    assert_computes_the_same(graph, fused, x)


def test_fuses_after_a_residual():
    x = image()
    graph = graph_of(Network(lambda net, x: F.relu6(net.conv(x) + x), conv=conv(3, 3)), x)
    fused = fuse_activation(fuse_residual(graph))
    assert types(fused) == ["conv"] and len(fused.nodes[0].inputs) == 2
    assert_computes_the_same(graph, fused, x)


@pytest.mark.parametrize(
    "function",
    [
        lambda net, x: (lambda y: (y, F.relu(y)))(net.conv(x)),
        lambda net, x: (lambda y: F.relu(y) + y)(net.conv(x)),
        lambda net, x: F.relu(F.max_pool2d(net.conv(x), 2)),
        lambda net, x: F.relu(x),
    ],
    ids=["returned as well", "read twice", "max_pool only moves", "no operator before"],
)
def test_leaves_alone(function):
    x = image()
    graph = graph_of(Network(function, conv=conv(3, 4)), x)
    fused = fuse_activation(graph)
    assert types(fused) == types(graph) and "clamp" in types(graph)
    assert_computes_the_same(graph, fused, x)


def test_a_second_clamp_stays_on_its_own():
    x = image()
    graph = graph_of(nn.Sequential(conv(3, 4), nn.ReLU(), nn.Hardtanh(-0.1, 0.1)), x)
    fused = fuse_activation(graph)
    assert types(fused) == ["conv", "clamp"]
    assert_computes_the_same(graph, fused, x)
