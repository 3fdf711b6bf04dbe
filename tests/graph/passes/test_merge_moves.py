"""Reshapes of reshapes are one, and those that change nothing are none."""

import torch
from small_networks import Network, assert_computes_the_same, graph_of, image, types

from octavo.graph.passes import merge_moves, remove_dead


def merged(function, x):
    graph = graph_of(Network(function), x)
    rewritten = remove_dead(merge_moves(graph))
    assert_computes_the_same(graph, rewritten, x)
    return graph, rewritten


def test_merges_a_chain():
    graph, rewritten = merged(lambda net, x: x.flatten(1).view(-1, 6, 6, 12).unsqueeze(1), image())
    assert types(graph) == ["reshape"] * 3 and types(rewritten) == ["reshape"]
    assert rewritten.nodes[0].shape == graph.nodes[-1].shape


def test_drops_a_chain_that_restores_the_shape():
    _, rewritten = merged(lambda net, x: torch.relu(x.flatten(1).view(-1, 3, 12, 12)), image())
    assert types(rewritten) == ["clamp"]


def test_keeps_a_reshape_in_between_that_is_returned():
    graph, rewritten = merged(lambda net, x: (lambda y: (y, y.view(-1, 6, 72)))(x.flatten(1)), image())
    assert types(rewritten) == types(graph) == ["reshape"] * 2


def test_a_restored_shape_that_is_returned_is_the_input():
    _, rewritten = merged(lambda net, x: x.flatten(1).view(-1, 3, 12, 12), image())
    assert rewritten.nodes == () and rewritten.outputs == (rewritten.inputs[0].name,)


def test_keeps_what_a_permutation_separates():
    graph, rewritten = merged(lambda net, x: x.flatten(2).transpose(1, 2).flatten(1), image())
    assert types(rewritten) == types(graph) == ["reshape", "permute", "reshape"]


def test_what_is_cut_out_of_a_moved_value_is_cut_out_of_the_source():
    def function(net, x):
        y = x.unflatten(2, (3, 4)).permute(2, 1, 0, 3)  # [3, 5, n, 4]
        return y[2].transpose(0, 1).relu()

    _, rewritten = merged(function, torch.randn(2, 5, 12))
    assert types(rewritten) == ["slice", "clamp"] and rewritten.nodes[0].attributes["start"] == 8


def test_heads_that_are_split_and_joined_again_are_moved_at_once():
    def function(net, x):
        t, n, _ = x.shape
        return x.reshape(t, n * 3, 4).transpose(0, 1).view(n, 3, t, 4).transpose(1, 2).reshape(n, t, 12).relu()

    _, rewritten = merged(function, torch.randn(2, 5, 12))
    assert types(rewritten) == ["permute", "clamp"] and rewritten.nodes[0].attributes["dims"] == [1, 0, 2]


def test_reshapes_behind_a_permutation_that_others_read_do_not_move_it_again():
    def function(net, x):
        y = x.transpose(1, 2)
        return y.relu(), y.flatten(1).view(-1, 12, 5).relu(), y.flatten(1).relu()

    _, rewritten = merged(function, torch.randn(2, 5, 12))
    assert types(rewritten).count("permute") == 1
