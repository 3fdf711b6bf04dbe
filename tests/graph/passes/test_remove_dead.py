"""What no output depends on is not computed."""

from dataclasses import replace

from small_networks import Network, assert_computes_the_same, conv, graph_of, image

from octavo.graph.passes import remove_dead


def test_capture_drops_a_branch_that_is_not_returned():
    graph = graph_of(Network(lambda net, x: (net.a(x), net.b(x).relu())[0], a=conv(3, 4), b=conv(3, 4)), image())
    assert [node.name for node in graph.nodes] == ["a"]


def test_drops_a_chain_and_keeps_the_rest_in_order():
    x = image()
    graph = graph_of(Network(lambda net, x: (net.a(x), net.b(x).relu()), a=conv(3, 4), b=conv(3, 4)), x)
    first = replace(graph, outputs=graph.outputs[:1], structure=0)
    rewritten = remove_dead(first)
    assert [node.name for node in rewritten.nodes] == ["a"]
    assert_computes_the_same(first, rewritten, x)


def test_keeps_everything_that_is_needed():
    graph = graph_of(Network(lambda net, x: net.b(net.a(x)) + x, a=conv(3, 4), b=conv(4, 3)), image())
    assert remove_dead(graph).nodes == graph.nodes
