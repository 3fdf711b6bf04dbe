"""Batch norms and other constant factors disappear into the layer before."""

import pytest
import torch
from small_networks import Network, assert_computes_the_same, batch_norm, conv, graph_of, image, the, types
from torch import nn

from octavo.graph.passes import fold_batch_norm


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("groups", [1, 3])
def test_folds_into_a_convolution(bias, groups):
    x = image()
    graph = graph_of(nn.Sequential(conv(3, 6, bias=bias, groups=groups), batch_norm(6)), x)
    folded = fold_batch_norm(graph)
    assert types(graph) == ["conv", "affine"] and types(folded) == ["conv"]
    assert the(folded, "conv").name == "0" and the(folded, "conv").fused == ("1",)
    assert_computes_the_same(graph, folded, x)


@pytest.mark.parametrize(
    ("model", "x"),
    [
        (nn.Sequential(nn.Conv1d(3, 4, 3), batch_norm(4, axes=1)), torch.randn(2, 3, 9)),
        (nn.Sequential(nn.Conv3d(4, 6, 2, groups=2), batch_norm(6, axes=3)), torch.randn(2, 4, 3, 4, 5)),
        (nn.Sequential(nn.ConvTranspose1d(3, 4, 3, 2), batch_norm(4, axes=1)), torch.randn(2, 3, 9)),
        (nn.Sequential(nn.ConvTranspose2d(3, 4, 3, bias=False), batch_norm(4)), image()),
        (nn.Sequential(nn.ConvTranspose2d(6, 4, 3, 2, groups=2), batch_norm(4)), image(channels=6)),
        (nn.Sequential(nn.ConvTranspose3d(4, 4, 2, groups=4), batch_norm(4, axes=3)), torch.randn(2, 4, 3, 4, 5)),
        (nn.Sequential(nn.Linear(5, 4), batch_norm(4, axes=1)), torch.randn(3, 5)),
        (Network(lambda net, x: 2 * net.fc(x) - 1, fc=nn.Linear(5, 4)), torch.randn(3, 5)),
        (Network(lambda net, x: net.fc(x) / torch.arange(1.0, 5.0), fc=nn.Linear(5, 4)), torch.randn(3, 2, 5)),
    ],
    ids=["conv1d", "conv3d", "transposed 1d", "transposed", "transposed, groups", "transposed 3d", "linear", "numbers",
         "factor of the last axis"],
)  # fmt: skip
def test_folds_into_other_layers(model, x):
    graph = graph_of(model, x)
    folded = fold_batch_norm(graph)
    assert "affine" in types(graph) and "affine" not in types(folded)
    assert_computes_the_same(graph, folded, x)


def test_folds_a_batch_norm_into_a_batch_norm():
    x = image()
    graph = graph_of(nn.Sequential(batch_norm(3), batch_norm(3)), x)
    folded = fold_batch_norm(graph)
    assert types(folded) == ["affine"]
    assert_computes_the_same(graph, folded, x)


@pytest.mark.parametrize(
    "function",
    [
        lambda net, x: (lambda y: (net.bn(y), y))(net.conv(x)),
        lambda net, x: (lambda y: net.bn(y) + y)(net.conv(x)),
        lambda net, x: net.bn(net.conv(x).relu()),
        lambda net, x: net.conv(x) * torch.linspace(1, 2, 12),
        lambda net, x: net.bn(x),
    ],
    ids=["returned as well", "read twice", "activation between", "varies along the width", "no layer before"],
)
def test_leaves_alone(function):
    x = image()
    graph = graph_of(Network(function, conv=conv(3, 3), bn=batch_norm(3)), x)
    folded = fold_batch_norm(graph)
    assert types(folded) == types(graph) and "affine" in types(graph)
    assert_computes_the_same(graph, folded, x)


def test_does_not_write_to_the_model():
    layer = conv(3, 4)
    before = layer.weight.detach().clone()
    fold_batch_norm(graph_of(nn.Sequential(layer, batch_norm(4)), image()))
    assert torch.equal(layer.weight, before)


def test_folds_one_layer_that_two_batch_norms_follow():
    x = image()
    model = Network(
        lambda net, x: net.a(net.conv(x)) + net.b(net.conv(x)), conv=conv(3, 4), a=batch_norm(4), b=batch_norm(4)
    )
    graph = graph_of(model, x)
    folded = fold_batch_norm(graph)
    assert types(folded) == ["conv", "conv", "add"]
    assert_computes_the_same(graph, folded, x)
