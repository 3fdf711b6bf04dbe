"""Functions of positions: buckets of distances, as tables that positions are looked up in."""

import math

import pytest
import torch
from small_networks import Network, types
from text_networks import assert_graph_computes, results_of
from torch import nn

from octavo.graph import UnsupportedOperatorError, capture, convert, prepare
from octavo.qconfig import QConfigMapping


def bucket(distance, both_ways=True, farthest=12):
    """Return the bucket of a distance as T5 does: one for each near one, wider ones for the others."""
    offset, count = torch.zeros_like(distance), 8
    if both_ways:
        offset, distance = (distance > 0).to(torch.long) * count, torch.abs(distance)
    else:
        distance = -torch.min(distance, torch.zeros_like(distance))
    near = count // 2
    far = near + (torch.log(distance.float() / near) / math.log(farthest / near) * (count - near)).to(torch.long)
    far = torch.min(far, torch.full_like(far, count - 1))
    return offset + torch.where(distance < near, distance, far)


class Biased(nn.Module):
    """Scores of tokens with a bias for each distance."""

    def __init__(self, both_ways):
        super().__init__()
        self.both_ways, self.bias = both_ways, nn.Embedding(16, 3)
        self.eval()

    def forward(self, x):
        places = torch.arange(x.shape[1])
        bias = self.bias(bucket(places[None] - places[:, None], self.both_ways)).permute(2, 0, 1)
        return (x @ x.transpose(1, 2))[:, None] + bias


@pytest.mark.parametrize("both_ways", [True, False])
def test_buckets_of_distances_at_any_length(both_ways):
    model = Biased(both_ways)
    captured = capture(model, (torch.randn(2, 3, 4),), samples=[(torch.randn(2, 5, 4),)])
    table = next(node for node in captured.graph.nodes if node.type == "embedding").constants["weight"]
    assert len(table) <= 2 * 12 + 1  # the distances that have buckets of their own, not all that there may be
    for length in (1, 3, 30):
        assert_graph_computes(captured, model, (torch.randn(2, length, 4),))
    program = convert(prepare(captured, QConfigMapping()), "tests").program
    sample = (torch.randn(1, 17, 4),)
    with torch.no_grad():  # in float, and sums of four products
        torch.testing.assert_close(torch.from_numpy(results_of(program, sample)[0]), model(*sample))


NUMBERS = {
    "near": lambda n: (n.abs() < 3).float(),
    "clamped": lambda n: n.clamp(-2, 5).to(torch.float32) * 0.5,
    "times": lambda n: n.clamp(-2, 2),
    "between": lambda n: torch.where(n.abs() > 1, (n.abs() < 4).long(), 2).float(),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_that_distances_decide(name):
    def function(net, x):
        places = torch.arange(x.shape[1])
        return x[:, None] * NUMBERS[name](places[None] - places[:, None])

    model = Network(function)
    captured = capture(model, (torch.randn(2, 3),), samples=[(torch.randn(2, 5),)])
    assert "constant" not in types(captured.graph)  # positions are counted when it runs
    for length in (1, 3, 30):
        assert_graph_computes(captured, model, (torch.randn(2, length),))


def test_refuses_integers_that_grow_with_the_positions():
    class Squares(nn.Module):
        def __init__(self):
            super().__init__()
            self.rows = nn.Embedding(400, 3)

        def forward(self, x):
            return x + self.rows((torch.arange(x.shape[1]) - 2).abs())

    with pytest.raises(UnsupportedOperatorError, match="positions that grow without limit"):
        capture(Squares().eval(), (torch.randn(2, 3, 3),), samples=[(torch.randn(2, 5, 3),)])
