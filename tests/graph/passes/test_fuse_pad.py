"""Zero padding becomes the convolution's own."""

import pytest
import torch
import torch.nn.functional as F
from small_networks import Network, assert_computes_the_same, graph_of, image, the, types
from torch import nn

from octavo.graph.passes import fuse_pad, remove_dead


@pytest.mark.parametrize("padding", [0, 1], ids=["conv without padding", "conv with padding"])
def test_adds_the_widths(padding):
    x = image()
    layer = nn.Conv2d(3, 4, 3, stride=2, padding=padding)
    graph = graph_of(Network(lambda net, x: net.conv(F.pad(x, (0, 1, 2, 3))), conv=layer), x)
    fused = remove_dead(fuse_pad(graph))
    assert types(graph) == ["pad", "conv"] and types(fused) == ["conv"]
    assert the(fused, "conv").attributes["padding"] == [[2 + padding, 3 + padding], [padding, 1 + padding]]
    assert the(fused, "conv").fused == ("pad",)
    assert_computes_the_same(graph, fused, x)


def test_fuses_into_a_1d_convolution():
    x = torch.randn(2, 3, 9)
    graph = graph_of(Network(lambda net, x: net.conv(F.pad(x, (2, 0))), conv=nn.Conv1d(3, 4, 3)), x)
    fused = remove_dead(fuse_pad(graph))
    assert types(fused) == ["conv"] and fused.nodes[0].attributes["padding"] == [[2, 0]]
    assert_computes_the_same(graph, fused, x)


def test_fuses_into_a_3d_convolution_but_not_into_a_transposed_one():
    x = torch.randn(2, 3, 4, 5, 6)
    function = lambda net, x: net.layer(F.pad(x, (1, 0, 0, 2, 1, 1)))  # noqa: E731
    graph = graph_of(Network(function, layer=nn.Conv3d(3, 4, 3)), x)
    fused = remove_dead(fuse_pad(graph))
    assert types(fused) == ["conv"] and fused.nodes[0].attributes["padding"] == [[1, 1], [0, 2], [1, 0]]
    assert_computes_the_same(graph, fused, x)
    transposed = graph_of(Network(function, layer=nn.ConvTranspose3d(3, 4, 3)), x)
    assert types(fuse_pad(transposed)) == ["pad", "conv_transpose"]


def test_a_padding_that_is_read_elsewhere_stays_for_the_others():
    x = image()
    model = Network(lambda net, x: (lambda y: (net.conv(y), y))(F.pad(x, (1, 1, 1, 1))), conv=nn.Conv2d(3, 4, 3))
    graph = graph_of(model, x)
    fused = remove_dead(fuse_pad(graph))
    assert sorted(types(fused)) == ["conv", "pad"]
    assert the(fused, "conv").inputs == (graph.inputs[0].name,)
    assert_computes_the_same(graph, fused, x)


@pytest.mark.parametrize(
    "function",
    [
        lambda net, x: net.conv(F.pad(x, (0, 0, 0, 0, 0, 1))),
        lambda net, x: F.max_pool2d(F.pad(x, (1, 1, 1, 1)), 3),
        lambda net, x: net.fc(F.pad(x, (1, 1))),
    ],
    ids=["pads channels", "before max_pool", "before linear"],
)
def test_leaves_alone(function):
    x = image()
    graph = graph_of(Network(function, conv=nn.Conv2d(4, 4, 3), fc=nn.Linear(14, 2)), x)
    fused = fuse_pad(graph)
    assert types(fused) == types(graph) and "pad" in types(graph)
    assert_computes_the_same(graph, fused, x)
