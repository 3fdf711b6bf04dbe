"""GPTQ against its paper's equations, and against all roundings that there are."""

from __future__ import annotations

from itertools import product

import pytest
import torch

from octavo.algorithms.gptq import FACTORS, gptq, gptq_scaled
from octavo.algorithms.second_moments import SecondMoments


def rounded(
    weight: torch.Tensor, hessian: torch.Tensor, scale: torch.Tensor, quant_max: int = 127, damping: float = 0.01
) -> torch.Tensor:
    return gptq(weight, SecondMoments.of(hessian).root(damping), scale, quant_max)


def correlated(seed: int, rows: int, k: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A weight, E[x xᵀ] of inputs that depend on each other, and scales that leave few steps."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(400, k, generator=generator) @ torch.randn(k, k, generator=generator) + 0.5
    weight = torch.randn(1, rows, k, generator=generator)
    return weight, (x.T @ x / len(x)).double().unsqueeze(0), weight.abs().amax(2) / 7


def error(weight: torch.Tensor, q: torch.Tensor, hessian: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """`(w − ŵ) H (w − ŵ)ᵀ` of each row."""
    difference = weight.double() - q.double() * scale.double().unsqueeze(-1)
    return torch.einsum("gri,gij,grj->gr", difference, hessian, difference)


def by_equations(weight: torch.Tensor, hessian: torch.Tensor, scale: torch.Tensor, damping: float) -> torch.Tensor:
    """Equations 2 and 3 of the paper as they stand: one row, the inverse Hessian eliminated column by column."""
    h = hessian + torch.eye(len(hessian)).double() * damping * hessian.diagonal().mean()
    inverse, rest, q = torch.linalg.inv(h), weight.double().clone(), torch.zeros(len(weight))
    for column in h.diagonal().argsort(descending=True).tolist():
        q[column] = (rest[column] / scale).round().clamp(-127, 127)
        rest = rest - (rest[column] - q[column] * scale) / inverse[column, column] * inverse[:, column]
        inverse = inverse - torch.outer(inverse[:, column], inverse[column]) / inverse[column, column]
    return q


@pytest.mark.parametrize("seed", range(5))
def test_follows_the_papers_equations(seed):
    weight, hessian, scale = correlated(seed, 3, 150)  # more columns than a block has
    q = rounded(weight, hessian, scale)
    for row in range(3):
        expected = by_equations(weight[0, row], hessian[0], scale[0, row].double(), 0.01)
        # Two orders of float64 sums: of 150 columns, none lies so close to a half that it matters.
        assert torch.equal(q[0, row].float(), expected)


def test_comes_near_the_best_of_all_roundings():
    totals = torch.zeros(3).double()
    for seed in range(8):
        weight, hessian, scale = correlated(seed, 4, 6)
        nearest = (weight / scale.unsqueeze(-1)).round()
        around = torch.tensor(list(product((-1, 0, 1), repeat=6)))
        every = torch.stack([error(weight, nearest + step, hessian, scale) for step in around])
        ours = error(weight, rounded(weight, hessian, scale, damping=1e-6), hessian, scale)
        totals += torch.stack([every.amin(0).sum(), ours.sum(), error(weight, nearest, hessian, scale).sum()])
    best, ours, nearest = totals.tolist()
    assert best <= ours < 2 * best  # greedy: the paper claims no more
    assert ours < 0.7 * nearest


def test_groups_are_rounded_each_by_its_own_hessian():
    parts = [correlated(seed, 2, 9) for seed in range(3)]
    weight, hessian, scale = (torch.cat(part) for part in zip(*parts, strict=True))
    expected = torch.cat([rounded(*part) for part in parts])
    assert torch.equal(rounded(weight, hessian, scale), expected)


def test_of_several_scales_each_row_takes_the_one_that_harms_the_output_least():
    parts = [correlated(seed, 4, 9) for seed in range(2)]
    weight, hessian, scale = (torch.cat(part) for part in zip(*parts, strict=True))
    q, chosen = gptq_scaled(weight, SecondMoments.of(hessian), scale, 7)
    every = []
    for factor in FACTORS:
        each = scale * torch.tensor(factor)
        every.append(error(weight, rounded(weight, hessian, each, 7), hessian, each))
    ours = error(weight, q, hessian, chosen)
    torch.testing.assert_close(ours, torch.stack(every).amin(0), rtol=1e-4, atol=0)  # errors are compared in float32
    assert ours.sum() < 0.9 * every[0].sum()


def test_inputs_that_are_always_zero_are_rounded_to_nearest():
    weight, hessian, scale = correlated(0, 2, 5)
    assert torch.equal(rounded(weight, torch.zeros_like(hessian), scale), (weight / scale.unsqueeze(-1)).round().char())


def test_refuses_what_does_not_fit():
    weight, hessian, scale = correlated(0, 2, 5)
    with pytest.raises(ValueError, match=r"expected a root of \(1, 5\) and scale \(1, 2\)"):
        rounded(weight, hessian[:, :4, :4], scale)
    with pytest.raises(ValueError, match="not positive definite"):
        rounded(weight, -hessian, scale)
