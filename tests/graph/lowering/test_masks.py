"""Booleans, comparisons and choices, at sizes that were never seen."""

import math

import pytest
import torch
from small_networks import Network, reasons
from text_networks import assert_graph_computes

from octavo.graph import capture

LENGTHS = {
    "lengths": lambda x, n: x * (torch.arange(x.shape[1])[None] < n[:, None]),
    "at most": lambda x, n: x * (torch.arange(x.shape[1])[None] <= n[:, None] - 1).float(),
    "not": lambda x, n: x.masked_fill(~(torch.arange(x.shape[1])[None] < n[:, None]), -3.0),
    "equal": lambda x, n: torch.where(torch.arange(x.shape[1])[None] == n[:, None], x, 2.0),
    "unequal": lambda x, n: torch.where(n[:, None] != 2, x, x * 2),
    "or": lambda x, n: torch.where((n == 1) | (n >= 3), 1.0, -1.0)[:, None] * x,
    "exclusive": lambda x, n: x * ((n > 1) ^ (n > 2))[:, None],
    "and of pattern": lambda x, n: x * ((torch.arange(x.shape[1]) > 0) & (n > 1)[:, None]),
    "floats": lambda x, n: torch.where(x > 0.5, x, 0.25) + torch.where(x <= -0.5, 1.0, x),
    "float equals": lambda x, n: torch.where(x.clamp(0, 1) == 0, 5.0, x) + (x.clamp(0, 1) != 1.0).float(),
    "hidden": lambda x, n: torch.softmax(x.masked_fill(torch.arange(x.shape[1]) > 2, -math.inf), 1),
    "kept": lambda x, n: torch.softmax(torch.where(n[:, None] > -1, x, -math.inf), 1),
    "counted": lambda x, n: x / (n[:, None] > torch.arange(x.shape[1])).sum(1, keepdim=True),
    "any, all": lambda x, n: torch.where((x > 0).any(1) & ~(x > 0).all(1), 1.0, 0.0),
    "arithmetic": lambda x, n: x + (1 - n)[:, None] * 0.5 + n.clamp(1, 2)[:, None],
    "filled": lambda x, n: x + torch.full((x.shape[0], x.shape[1]), 2.0) * torch.ones_like(x),
    "positions": lambda x, n: x + torch.arange(x.shape[1]) * 2 - 1,
    "diagonal": lambda x, n: x @ (torch.arange(x.shape[1]) == torch.arange(x.shape[1])[:, None]).float(),
    "fractions": lambda x, n: x * (torch.arange(x.shape[1]) * 0.25 + 0.5).cos(),
    "triangle": lambda x, n: x @ (torch.ones(x.shape[1], x.shape[1]).tril(1) * 0.5),
}


@pytest.mark.parametrize("name", LENGTHS)
def test_functions_of_lengths(name):
    def sample(batch, length):
        return torch.randn(batch, length), torch.randint(1, length + 1, (batch,))

    model = Network(lambda net, x, n: LENGTHS[name](x, n))
    captured = capture(model, sample(3, 4), samples=[sample(2, 6)])
    for batch, length in ((3, 4), (2, 6), (5, 9)):
        assert_graph_computes(captured, model, sample(batch, length))


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda x, n: x * (n & 3)[:, None], "bits of integers"),
        (lambda x, n: x[n], "its indices depend on the input"),
    ],
    ids=["bits", "index"],
)
def test_refuses(function, reason):
    assert reason in reasons(Network(lambda net, x, n: function(x, n)), torch.randn(3, 4), torch.tensor([1, 2, 0]))
