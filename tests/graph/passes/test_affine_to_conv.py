"""Factors and terms that no layer can take become depthwise convolutions."""

import pytest
import torch
from small_networks import (
    Network,
    assert_computes_the_same,
    batch_norm,
    graph_of,
    image,
    operators,
    quantize,
    sqnr_of,
    the,
    types,
)
from torch import nn

from octavo.graph.passes import affine_to_conv


@pytest.mark.parametrize(("x", "axes"), [(image(), 2), (torch.randn(2, 3, 7), 1), (torch.randn(2, 3, 4, 3, 5), 3)])
def test_a_factor_for_each_channel_is_one_depthwise_convolution(x, axes):
    graph = graph_of(batch_norm(3, axes), x)
    rewritten = affine_to_conv(graph)
    assert types(graph) == ["affine"] and types(rewritten) == ["conv"]
    assert the(rewritten, "conv").attributes["groups"] == 3
    assert_computes_the_same(graph, rewritten, x)


@pytest.mark.parametrize(
    ("function", "x"),
    [
        (lambda net, x: net.bn(x), torch.randn(4, 3)),
        (lambda net, x: x * torch.linspace(1, 2, 5), image(2, 3, 4, 5)),
        (lambda net, x: x + torch.arange(60.0).reshape(3, 4, 5), image(2, 3, 4, 5)),
    ],
    ids=["features", "width", "every element"],
)
def test_any_other_constant_goes_through_a_flat_layout(function, x):
    graph = graph_of(Network(function, bn=batch_norm(3, axes=1)), x)
    rewritten = affine_to_conv(graph)
    assert "affine" in types(graph) and "affine" not in types(rewritten) and "conv" in types(rewritten)
    assert rewritten.nodes[-1].shape == graph.nodes[-1].shape
    assert_computes_the_same(graph, rewritten, x)


def test_one_number_stays():
    x = image()
    graph = graph_of(Network(lambda net, x: x * 2 + 1), x)
    assert set(types(affine_to_conv(graph))) == {"affine"}


def test_a_constant_along_a_symbolic_axis_stays_in_float():
    scale = torch.linspace(1, 2, 5)
    model = Network(lambda net, x: x * scale + scale.flip(0))
    conversion = quantize(model, image(2, 3, 4, 5), data=[image(2, 3, 6, 5)])
    assert [kind for kind, _ in operators(conversion)] == ["constant", "mul", "constant", "add"]
    assert sqnr_of(conversion, model, image(1, 3, 7, 5)) > 120


def test_a_term_before_a_layer_norm_stays():
    model = Network(lambda net, x: net.norm(x + torch.linspace(0, 1, 16)), norm=nn.LayerNorm(16))
    assert types(affine_to_conv(graph_of(model, torch.randn(2, 5, 16)))) == ["affine", "layer_norm"]
