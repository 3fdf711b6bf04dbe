"""All passes together."""

import pytest
import torch
import torch.nn.functional as F
from small_networks import Network, assert_computes_the_same, batch_norm, conv, graph_of, image, types
from torch import nn

from octavo.graph.execute import execute
from octavo.graph.passes import run_passes

BLOCKS = {
    "residual block": (
        Network(
            lambda net, x: F.relu(net.bn2(net.conv2(F.relu(net.bn1(net.conv1(x))))) + net.bn3(net.down(x))),
            conv1=conv(3, 4), bn1=batch_norm(4), conv2=conv(4, 4), bn2=batch_norm(4),
            down=conv(3, 4, 1), bn3=batch_norm(4),
        ),
        ["conv", "conv", "conv"],
    ),
    "batch norm before activation and convolution": (
        nn.Sequential(batch_norm(3), nn.ReLU(), conv(3, 4)),
        ["conv", "conv"],
    ),
    "separate padding, batch norm, relu6": (
        nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(3, 4, 3, 2), batch_norm(4), nn.ReLU6()),
        ["conv"],
    ),
    "dense block": (
        Network(
            lambda net, x: net.b(F.relu(net.bn(torch.cat([x, net.a(x)], 1)))),
            a=conv(3, 4), b=conv(7, 4), bn=batch_norm(7),
        ),
        ["conv", "concat", "conv", "conv"],
    ),
    "average and classify": (
        Network(lambda net, x: net.fc(F.adaptive_avg_pool2d(x, 1).flatten(1)), fc=nn.Linear(3, 5)),
        ["adaptive_avg_pool", "reshape", "linear"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("block", BLOCKS)
def test_the_common_blocks_become_as_few_operators_as_can_be(block):
    model, expected = BLOCKS[block]
    x = image()
    graph = graph_of(model, x)
    rewritten = run_passes(graph)
    assert types(rewritten) == expected
    assert_computes_the_same(graph, rewritten, x)
    (actual,) = execute(rewritten, {graph.inputs[0].name: x})
    with torch.no_grad():
        torch.testing.assert_close(actual, model.eval()(x), rtol=1e-4, atol=1e-5)
