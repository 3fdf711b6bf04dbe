"""A sum becomes the second term of the convolution before."""

import pytest
import torch
from small_networks import Network, assert_computes_the_same, conv, graph_of, image, types
from torch import nn

from octavo.graph.passes import fuse_activation, fuse_residual


@pytest.mark.parametrize("order", [lambda a, b: a + b, lambda a, b: b + a], ids=["conv first", "conv second"])
def test_fuses_a_skip_connection(order):
    x = image()
    graph = graph_of(Network(lambda net, x: order(net.conv(x), x), conv=conv(3, 3)), x)
    fused = fuse_residual(graph)
    assert types(graph) == ["conv", "add"] and types(fused) == ["conv"]
    assert fused.nodes[0].inputs == (graph.inputs[0].name, graph.inputs[0].name)
    assert_computes_the_same(graph, fused, x)


def test_of_two_convolutions_the_later_one_takes_the_other():
    x = image()
    graph = graph_of(Network(lambda net, x: net.down(x) + net.conv(x), conv=conv(3, 4), down=conv(3, 4, 1)), x)
    fused = fuse_residual(graph)
    assert [(node.name, len(node.inputs)) for node in fused.nodes] == [("down", 1), ("conv", 2)]
    assert_computes_the_same(graph, fused, x)


def test_fuses_into_linear():
    x = torch.randn(2, 5)
    graph = graph_of(Network(lambda net, x: net.fc(x) + x, fc=nn.Linear(5, 5)), x)
    fused = fuse_residual(graph)
    assert types(fused) == ["linear"]
    assert_computes_the_same(graph, fused, x)


def test_a_chain_of_sums_fuses_one_residual_for_each_layer():
    x = image()
    graph = graph_of(Network(lambda net, x: net.a(x) + net.b(x) + x, a=conv(3, 3), b=conv(3, 3)), x)
    fused = fuse_residual(graph)
    assert sum(kind == "add" for kind in types(fused)) == 1
    assert_computes_the_same(graph, fused, x)


def test_a_layer_with_a_clamp_takes_no_residual():
    x = image()
    graph = fuse_activation(graph_of(Network(lambda net, x: net.conv(x).relu() + x, conv=conv(3, 3)), x))
    fused = fuse_residual(graph)
    assert types(fused) == ["conv", "add"]
    assert_computes_the_same(graph, fused, x)


@pytest.mark.parametrize(
    "function",
    [
        lambda net, x: (lambda y: (y + x, y))(net.conv(x)),
        lambda net, x: (lambda y: y + y)(net.conv(x)),
        lambda net, x: net.conv(x).relu() + x,
        lambda net, x: net.conv(x) + x.mean((2, 3), keepdim=True),
        lambda net, x: net.conv(x[:1]) + x,
        lambda net, x: x + x * x,
    ],
    ids=[
        "returned as well",
        "doubled",
        "activation between",
        "residual is broadcast",
        "layer is broadcast",
        "no layer",
    ],
)
def test_leaves_alone(function):
    x = image()
    graph = graph_of(Network(function, conv=conv(3, 3)), x)
    fused = fuse_residual(graph)
    assert types(fused) == types(graph) and "add" in types(graph)
    assert_computes_the_same(graph, fused, x)
