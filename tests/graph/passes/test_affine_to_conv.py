"""Factors and terms that no layer can take become depthwise convolutions."""

import pytest
import torch
from small_networks import Network, assert_computes_the_same, batch_norm, graph_of, image, the, types

from octavo.graph import UnsupportedOperatorError, prepare
from octavo.graph.capture import capture
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


def test_a_constant_along_a_symbolic_axis_stays_and_is_refused_by_name():
    scale = torch.linspace(1, 2, 5)
    captured = capture(Network(lambda net, x: x * scale), image(2, 3, 4, 5), samples=[image(2, 3, 6, 5)])
    assert types(affine_to_conv(captured.graph)) == ["affine"]
    with pytest.raises(UnsupportedOperatorError, match="layer 'affine'") as caught:
        prepare(captured)
    assert "dynamic_shapes" in caught.value.operators[0].remedy
