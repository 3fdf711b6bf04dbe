"""Which values get one scale and zero_point."""

import torch
import torch.nn.functional as F
from small_networks import Network, conv, graph_of, image, the

from octavo.graph.capture import capture
from octavo.graph.passes import share_qparams
from octavo.graph.prepare import prepare


def test_values_that_are_moved_share():
    graph = graph_of(Network(lambda net, x: F.max_pool2d(net.conv(x), 2).flatten(1), conv=conv(3, 4)), image())
    shared = share_qparams(graph.nodes)
    conv_value = the(graph, "conv").output
    assert shared == dict.fromkeys((conv_value, "max_pool", "reshape"), conv_value)


def test_concat_joins_all_its_inputs_even_through_chains():
    model = Network(
        lambda net, x: torch.cat([torch.cat([net.a(x), net.b(x)], 1), F.max_pool2d(net.c(x), 1)], 1),
        a=conv(3, 2), b=conv(3, 2), c=conv(3, 2),
    )  # fmt: skip
    graph = graph_of(model, image())
    shared = share_qparams(graph.nodes)
    assert len(set(shared.values())) == 1
    assert set(shared) == {node.output for node in graph.nodes}


def test_values_that_are_computed_do_not_share():
    graph = graph_of(Network(lambda net, x: net.b(net.a(x)) * x, a=conv(3, 4), b=conv(4, 3)), image())
    assert share_qparams(graph.nodes) == {}


def test_a_group_has_one_observer_that_sees_what_is_computed_and_not_what_is_moved():
    model = Network(
        lambda net, x: net.c(torch.cat([net.a(x), F.max_pool2d(net.b(x), 3, 1, 1)], 1)),
        a=conv(3, 2), b=conv(3, 2), c=conv(4, 2),
    )  # fmt: skip
    prepared = prepare(capture(model, image()))
    assert list(prepared.observers) == [prepared.graph.inputs[0].name, "a"]
    assert {value for value, root in prepared.groups.items() if root == "a"} == {"a", "b", "max_pool", "concat"}
    assert {"a", "b"} <= prepared.watched and not {"max_pool", "concat"} & prepared.watched
