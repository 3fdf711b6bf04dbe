"""Rows that are moved are computed on where attention reads them, and not copied."""

import pytest
import torch
from small_networks import Network, assert_computes_the_same, graph_of, types
from text_networks import converted, cosine, float_results, results_of
from torch import nn

from octavo.graph.passes import sink_moves
from octavo.runtime import LoadedProgram


def test_moves_cancel_behind_what_computes_on_rows():
    def function(net, x):
        y = net.norm(net.layer(x.transpose(0, 1)).relu() * 2)
        return (y.flatten(0, 1).sigmoid().view(5, 3, 6) + y).transpose(0, 1)

    model, x = Network(function, layer=nn.Linear(6, 6), norm=nn.LayerNorm(6)), torch.randn(3, 5, 6)
    graph = graph_of(model, x)
    sunk = sink_moves(graph)
    assert_computes_the_same(graph, sunk, x)
    assert types(graph).count("permute") == 2 and "permute" not in types(sunk) and "reshape" not in types(sunk)


@pytest.mark.parametrize(
    "function",
    [
        lambda net, x: net.layer(x.transpose(1, 2)).transpose(0, 1),
        lambda net, x: net.layer(x.transpose(0, 1)),
        lambda net, x: torch.softmax(x.transpose(0, 1), 0).transpose(0, 1),
    ],
    ids=["another axis", "nothing to meet", "along a moved axis"],
)
def test_what_saves_nothing_stays(function):
    graph = graph_of(Network(function, layer=nn.Linear(6, 6)), torch.randn(3, 6, 6))
    assert sink_moves(graph) is graph


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize(("batch_first", "copies"), [(True, 0), (False, 2)])
def test_an_encoder_copies_no_heads(batch_first, copies, norm_first):
    layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=batch_first, norm_first=norm_first)
    model = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False).eval()
    example, other = (torch.randn(3, 5, 16),), (torch.randn(2, 7, 16),)
    program = converted(model, example, "dynamic", (example, other))
    for given in (example, other):
        (got,), (want,) = results_of(program, given), float_results(model, given)
        assert cosine(got, want) > 0.999  # rows of 16 elements in 8 bits
    steps = LoadedProgram(program, threads=1).profile(example[0].numpy(), rounds=1)
    assert [step.kind for step in steps].count("copy") == copies
    assert [operator.type for operator in program.operators].count("permute") == copies


@pytest.mark.parametrize("need_weights", [False, True])
def test_multi_head_attention_copies_nothing(need_weights):
    def function(net, x, y):
        return net.m(x, y, y, need_weights=need_weights)[0]

    model = Network(function, m=nn.MultiheadAttention(16, 4, batch_first=True))
    given = (torch.randn(3, 5, 16), torch.randn(3, 7, 16))
    program = converted(model, given, "dynamic")
    (got,), (want,) = results_of(program, given), float_results(model, given)
    assert cosine(got, want) > 0.99
    assert "permute" not in [operator.type for operator in program.operators]
