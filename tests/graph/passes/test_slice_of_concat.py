"""A slice of a concatenation reads the part that it lies in."""

import pytest
import torch
from small_networks import Network, assert_captures, types

from octavo.graph.passes import remove_dead, slice_of_concat


def network(*index: slice) -> Network:
    """Join three values of 3, 1 and 4 columns, and take some of them."""
    return Network(lambda net, a, b, c: torch.cat([a.relu(), b, c], 1)[(slice(None), *index)])


INPUTS = (torch.randn(2, 3), torch.randn(2, 1), torch.randn(2, 4))


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (slice(0, 3), ["clamp"]),
        (slice(1, 3), ["clamp", "slice"]),
        (slice(3, 4), []),
        (slice(-4, None), []),
        (slice(-3, None, 2), ["slice"]),
        (slice(2, 4), ["clamp", "concat", "slice"]),
    ],
    ids=str,
)
def test_reads_the_part(index, expected):
    graph = assert_captures(network(index), *INPUTS)
    assert types(remove_dead(slice_of_concat(graph))) == expected


def test_another_axis_stays():
    model = Network(lambda net, a, b: torch.cat([a, b], 1)[:, :, 1:])
    graph = assert_captures(model, torch.randn(2, 3, 4), torch.randn(2, 1, 4))
    assert types(slice_of_concat(graph)) == ["concat", "slice"]


def test_symbolic_parts_stay():
    model = Network(lambda net, a, b: torch.cat([a, b], 0)[:1])
    graph = assert_captures(model, torch.randn(2, 3), torch.randn(2, 3))
    assert "concat" in types(slice_of_concat(graph))
