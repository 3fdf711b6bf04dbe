"""View, transpose, view is recognized as a channel shuffle, and nothing else is."""

import pytest
import torch
from small_networks import Network, assert_computes_the_same, graph_of, image, the, types

from octavo.graph import capture
from octavo.graph.passes import channel_shuffle, remove_dead


def shuffle(x, groups):
    n, c, h, w = x.shape
    return x.view(n, groups, c // groups, h, w).transpose(1, 2).contiguous().view(n, -1, h, w)


@pytest.mark.parametrize("groups", [2, 3, 6])
def test_recognizes_the_idiom(groups):
    x = image(channels=6)
    graph = graph_of(Network(lambda net, x: shuffle(x, groups)), x)
    rewritten = remove_dead(channel_shuffle(graph))
    assert types(rewritten) == ["channel_shuffle"]
    assert the(rewritten, "channel_shuffle").attributes == {"groups": groups}
    assert_computes_the_same(graph, rewritten, x)


def test_recognizes_it_with_symbolic_sizes():
    x = image(channels=6)
    graph = capture(Network(lambda net, x: shuffle(x, 2)), x, samples=[image(channels=6, height=8)]).graph
    rewritten = remove_dead(channel_shuffle(graph))
    assert types(rewritten) == ["channel_shuffle"]
    assert_computes_the_same(graph, rewritten, x)
    assert_computes_the_same(graph, rewritten, image(channels=6, height=5))


def test_recognizes_two_in_a_row():
    x = image(channels=6)
    graph = graph_of(Network(lambda net, x: shuffle(shuffle(x, 2), 3)), x)
    rewritten = remove_dead(channel_shuffle(graph))
    assert types(rewritten) == ["channel_shuffle"] * 2
    assert_computes_the_same(graph, rewritten, x)


@pytest.mark.parametrize(
    "function",
    [
        lambda net, x: x.view(-1, 2, 3, 12, 12).permute(0, 1, 2, 4, 3).reshape(-1, 6, 12, 12),
        lambda net, x: x.view(-1, 2, 3, 12, 12).transpose(1, 2).reshape(-1, 3, 24, 12),
        lambda net, x: x.view(1, 2, 3, 24, 12).transpose(1, 2).reshape(2, 6, 12, 12),
        lambda net, x: (lambda y: (y, y.reshape(-1, 6, 12, 12)))(x.view(-1, 2, 3, 12, 12).transpose(1, 2)),
    ],
    ids=["other axes", "other shape", "across the batch", "returned in between"],
)
def test_leaves_alone(function):
    x = image(channels=6)
    graph = graph_of(Network(function), x)
    rewritten = channel_shuffle(graph)
    assert types(rewritten) == types(graph)
    assert_computes_the_same(graph, rewritten, x)


def test_torchs_own_shuffle_needs_no_recognition():
    x = image(channels=6)
    assert types(graph_of(Network(lambda net, x: torch.channel_shuffle(x, 2)), x)) == ["channel_shuffle"]
