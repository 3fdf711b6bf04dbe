"""Sums, means, extremes and norms."""

import pytest
import torch
import torch.nn.functional as F
from small_networks import Network, assert_captures, reasons, types

FUNCTIONS = {
    "mean over tokens": lambda x: x.mean(1),
    "mean kept": lambda x: x.mean(1, keepdim=True),
    "mean of features": lambda x: x.mean((1, 3)),
    "sum": lambda x: x.sum(-1),
    "sum of two axes": lambda x: x.sum((1, 2), keepdim=True),
    "largest": lambda x: x.amax(2),
    "largest of two results": lambda x: x.max(2).values,
    "least of two results": lambda x: x.min(2, keepdim=True)[0],
    "norm": lambda x: torch.linalg.vector_norm(x, dim=(1, 2)),
    "norm of order 1": lambda x: x.norm(1, dim=2),
    "largest norm": lambda x: torch.linalg.vector_norm(x, float("inf"), dim=-1),
    "length 1": lambda x: F.normalize(x, dim=2),
    "larger": lambda x: torch.maximum(x, -x) + torch.minimum(x, x * 0.5),
    "inverse root": lambda x: (x * x + 1).rsqrt() + (x * x + 1) ** -0.5,
    "log_softmax": lambda x: F.log_softmax(x, 2),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    assert_captures(Network(lambda net, x: FUNCTIONS[name](x)), torch.randn(2, 3, 4, 5))


def test_a_mean_over_tokens_is_no_pooling():
    assert types(assert_captures(Network(lambda net, x: x.mean(1)), torch.randn(2, 5, 3))) == ["reduce"]


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda x: x.sum(), "it makes a single number"),
        (lambda x: torch.linalg.vector_norm(x, 3, dim=1), "the norm of order 3"),
        (lambda x: x.max(1).indices, "result 1 of an operator"),
        (lambda x: torch.max(x, -x), "use torch.maximum"),
    ],
    ids=["everything", "cubes", "indices", "two tensors"],
)
def test_refuses(function, reason):
    assert reason in reasons(Network(lambda net, x: function(x)), torch.randn(2, 5, 3))
