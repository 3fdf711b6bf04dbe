"""Attention that is written out becomes one node; what does not fit stays as it is."""

import math

import pytest
import torch
from small_networks import Network, assert_computes_the_same, graph_of, types
from torch import nn

from octavo.graph.passes import fuse_attention, merge_moves, remove_dead

HEADS, SIZE = 2, 4


def attending(function):
    """Split the heads of three layers, mix them by a function of q, k, v and the rest, and join them."""

    def forward(net, x, *rest):
        n, t, width = x.shape
        q, k, v = (layer(x).view(n, t, HEADS, SIZE).transpose(1, 2) for layer in (net.q, net.k, net.v))
        return function(q, k, v, *rest).transpose(1, 2).reshape(n, t, width)

    return Network(forward, **{name: nn.Linear(HEADS * SIZE, HEADS * SIZE) for name in "qkv"})


def weights(scores):
    return torch.softmax(scores, -1)


def fused(function, *rest):
    """Rewrite a network; check that it computes the same and return the types of what is left."""
    x = (torch.randn(2, 5, HEADS * SIZE), *rest)
    graph = graph_of(attending(function), *x)
    rewritten = remove_dead(merge_moves(fuse_attention(graph)))
    assert_computes_the_same(graph, rewritten, *x)
    return types(rewritten)


@pytest.mark.parametrize(
    "function",
    [
        lambda q, k, v: weights(q @ k.transpose(-2, -1)) @ v,
        lambda q, k, v: weights(q @ k.transpose(-2, -1) / math.sqrt(SIZE)) @ v,
        lambda q, k, v: weights((q * 0.3) @ k.transpose(-2, -1)) @ v,
        lambda q, k, v: weights(torch.matmul(q, k.permute(0, 1, 3, 2)) * 0.5) @ v,
        lambda q, k, v: nn.functional.dropout(weights(q @ k.mT * 0.5), 0.1, False) @ v,
    ],
    ids=["no scale", "division", "scale of the queries", "permuted keys", "dropout"],
)
def test_without_a_mask(function):
    assert fused(function) == ["linear"] * 3 + ["attention"]


@pytest.mark.parametrize("shape", [(2, 1, 1, 5), (2, 1, 5, 5), (2, HEADS, 5, 5), (5, 5), (1, 5)])
def test_a_term_of_any_shape_that_tells_the_keys_apart(shape):
    kinds = fused(lambda q, k, v, m: weights(q @ k.mT * 0.5 + m) @ v, torch.randn(shape))
    assert kinds.count("attention") == 1 and "matmul" not in kinds


def test_two_terms_are_added_to_each_other():
    kinds = fused(lambda q, k, v, m, b: weights(q @ k.mT * 0.5 + m + b) @ v, torch.randn(2, 1, 1, 5), torch.randn(5, 5))
    assert kinds.count("attention") == 1 and kinds.count("add") == 1


@pytest.mark.parametrize("turned", [False, True])
def test_numbers_that_hide(turned):
    mask = torch.tensor([[1.0, 1, 1, 1, 1], [1, 1, 0, 0, 0]])[:, None, None]

    def function(q, k, v, m):
        scores, hidden = q @ k.mT * 0.5, torch.tensor(-1e9)
        return weights(torch.where(m == 0, hidden, scores) if turned else torch.where(m != 0, scores, hidden)) @ v

    assert fused(function, mask).count("attention") == 1


@pytest.mark.parametrize(
    "function",
    [
        lambda q, k, v: weights(q @ k.mT * -0.5) @ v,
        lambda q, k, v: torch.softmax(q @ k.mT, -2) @ v,
        lambda q, k, v: weights((q @ k.mT).relu()) @ v,
        lambda q, k, v: (lambda w: w @ v + w @ q)(weights(q @ k.mT)),
        lambda q, k, v: weights(q @ k.mT + torch.ones(5, 1)) @ v,
        lambda q, k, v: weights((q @ k.mT).masked_fill(torch.eye(5).bool(), -10.0)) @ v,
    ],
    ids=["negative scale", "another axis", "a function", "read twice", "one term a query", "a number that counts"],
)
def test_what_does_not_fit_stays(function):
    kinds = fused(function)
    assert "attention" not in kinds and "softmax" in kinds


def test_heads_that_were_joined_to_the_batch():
    model = Network(lambda net, x: net.m(x, x, x)[0], m=nn.MultiheadAttention(8, HEADS, batch_first=True))
    x = torch.randn(3, 5, 8)
    graph = graph_of(model, x)
    rewritten = remove_dead(merge_moves(fuse_attention(graph)))
    assert_computes_the_same(graph, rewritten, x)
    (node,) = (node for node in rewritten.nodes if node.type == "attention")
    assert node.attributes["heads"] == HEADS and node.shape[1:] == (5, 8)
