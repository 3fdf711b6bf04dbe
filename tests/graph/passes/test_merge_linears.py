"""Linear layers that read one value become one."""

import sys

import torch
from small_networks import Network, assert_computes_the_same, graph_of, operators, quantize, types
from text_networks import converted, results_of
from torch import nn

from octavo.graph import capture, prepare
from octavo.graph.passes.merge_linears import merge_linears
from octavo.qconfig import QConfigMapping, per_channel_dynamic_qconfig


def three(bias=True):
    def function(net, x):
        return net.q(x) + net.k(x), net.v(x), net.other(x.abs())

    layers = {name: nn.Linear(6, 4, bias=bias or name == "k") for name in ("q", "k", "other")}
    return Network(function, v=nn.Linear(6, 3), **layers)


def test_all_that_read_a_value_and_are_alike():
    x = torch.randn(2, 5, 6)
    for bias in (True, False):
        graph = graph_of(three(bias), x)
        merged = merge_linears(graph, lambda one, other: True)
        assert_computes_the_same(graph, merged, x)
        assert types(merged).count("linear") == 2 and types(merged).count("slice") == 3
        whole = next(node for node in merged.nodes if node.type == "linear")
        assert whole.name == "q" and whole.fused == ("k", "v") and whole.shape[-1] == 11


def test_those_that_are_not_alike_stay():
    graph = graph_of(three(), torch.randn(2, 5, 6))
    merged = merge_linears(graph, lambda one, other: other.name != "k")
    assert [node.name for node in merged.nodes if node.type == "linear"] == ["q", "k", "other"]


def test_layers_of_different_qconfigs_are_not_alike():
    mapping = QConfigMapping().set_global(per_channel_dynamic_qconfig).set_module_name("k", None)
    graph = prepare(capture(three(), (torch.randn(2, 5, 6),)), mapping).graph
    assert [node.name for node in graph.nodes if node.type == "linear"] == ["q", "k", "other"]
    assert next(node for node in graph.nodes if node.name == "q").fused == ("v",)


def test_layers_that_give_8_bits_stay_apart():
    model = Network(lambda net, x: net.out(torch.relu(net.a(x)) * net.b(x)), a=nn.Linear(6, 6), b=nn.Linear(6, 6),
                    out=nn.Linear(6, 2))  # fmt: skip
    kinds = [kind for kind, _ in operators(quantize(model, torch.randn(8, 6)))]
    assert kinds.count("linear") == 3 and "slice" not in kinds


def test_a_merged_program_gives_what_its_layers_give(monkeypatch):
    torch.manual_seed(0)
    model, x = three(), (torch.randn(2, 5, 6),)
    merged = results_of(converted(model, x, "dynamic"), x)
    monkeypatch.setattr(sys.modules["octavo.graph.prepare"], "merge_linears", lambda graph, alike: graph)
    apart = results_of(converted(model, x, "dynamic"), x)
    for one, other in zip(merged, apart, strict=True):
        assert (one == other).all()
