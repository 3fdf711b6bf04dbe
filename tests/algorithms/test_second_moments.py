"""Second moments in panels against whole matrices."""

import pytest
import torch

from octavo.algorithms import triangles
from octavo.algorithms.second_moments import SecondMoments


def inputs(groups: int, k: int) -> torch.Tensor:
    return torch.randn(groups, 3 * k, k, generator=torch.Generator().manual_seed(k)) + 0.3


def whole(lower: triangles.Triangles) -> torch.Tensor:
    found = torch.zeros(lower.groups, lower.k, lower.k, dtype=lower.numbers.dtype)
    for start, panel in lower.panels:
        found[:, start:, start : start + panel.shape[2]] = panel
    return found.tril()


@pytest.fixture(params=[4, 512], ids=["panels", "one panel"])
def _panel(request, monkeypatch):
    monkeypatch.setattr(triangles, "PANEL", request.param)


@pytest.mark.usefixtures("_panel")
@pytest.mark.parametrize(("groups", "k"), [(1, 1), (3, 4), (2, 7), (1, 18)])
class TestPanels:
    def test_hold_the_mean_of_all_that_was_added(self, groups, k):
        x = inputs(groups, k)
        moments = SecondMoments(groups, k)
        for part in (x[:, : k + 1], x[:, k + 1 :]):
            moments.add(part)
        expected = (x.double().transpose(1, 2) @ x.double() / x.shape[1]).tril()
        # Sums of 3 k products in float32.
        torch.testing.assert_close(whole(moments.finish()).double(), expected, rtol=1e-5, atol=1e-5)

    def test_what_comes_in_float64_is_added_up_in_float64(self, groups, k):
        x = inputs(groups, k)
        moments = SecondMoments(groups, k)
        moments.add(x[:, :2])
        moments.add(x[:, 2:].double() * 1e30)
        expected = (x[:, 2:].double().transpose(1, 2) @ x[:, 2:].double() * 1e60 / x.shape[1]).tril()
        # Two orders of float64 sums.
        torch.testing.assert_close(whole(moments.finish()), expected, rtol=1e-9, atol=1e47)

    def test_the_root_is_that_of_the_damped_matrix_in_its_order(self, groups, k):
        x = inputs(groups, k).double()
        h = x.transpose(1, 2) @ x / x.shape[1]
        order, lower = SecondMoments.of(h).root(damping=0.02)
        assert torch.equal(order, h.diagonal(dim1=1, dim2=2).argsort(dim=1))
        rows = torch.arange(groups).reshape(-1, 1, 1)
        expected = h[rows, order.unsqueeze(2), order.unsqueeze(1)]
        expected = expected + 0.02 * h.diagonal(dim1=1, dim2=2).mean(1).reshape(-1, 1, 1) * torch.eye(k)
        found = whole(lower)
        torch.testing.assert_close(found @ found.transpose(1, 2), expected, rtol=1e-12, atol=1e-12)  # float64

    def test_quadratic_forms(self, groups, k):
        h = inputs(groups, k).double()
        h = h.transpose(1, 2) @ h
        rows = torch.randn(groups, 5, k, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
        expected = torch.einsum("gri,gij,grj->gr", rows, h, rows)
        torch.testing.assert_close(SecondMoments.of(h).quadratic(rows), expected, rtol=1e-12, atol=1e-12)  # float64


def test_take_half_the_memory_of_whole_matrices():
    k = 4 * triangles.PANEL
    assert SecondMoments(1, k).numbers.numel() == k * k * 5 // 8
