"""Soft weights: their gradient is that of equation 22 and 24, and little is kept for it."""

from __future__ import annotations

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks

from octavo.algorithms import soft_rounding
from octavo.algorithms.soft_rounding import SoftWeight, rectified_sigmoid, regularizer


def weight(shape: tuple[int, ...]) -> SoftWeight:
    generator = torch.Generator().manual_seed(0)
    numbers = torch.randn(shape, generator=generator)
    scale = torch.rand(shape[0], generator=generator).reshape(-1, *[1] * (len(shape) - 1)) / 20 + 0.01
    return SoftWeight(numbers, scale, 127)  # some are clipped


@pytest.mark.parametrize("beta", [None, 7.5])
def test_the_gradient_is_that_of_the_equations(monkeypatch, beta):
    monkeypatch.setattr(soft_rounding, "_AT_ONCE", 64)  # several parts, the last of which is smaller
    soft = weight((150, 3, 5))
    given = torch.randn(150, 3, 5, generator=torch.Generator().manual_seed(1))
    real, undecided = soft.soft(beta)
    ((real * given).sum() + 3.0 * undecided).backward()
    found, soft.v.grad = soft.v.grad, None
    h = rectified_sigmoid(soft.v)
    expected = (soft.below + h).clamp(-127, 127) * soft.scale
    drawn = torch.zeros(()) if beta is None else regularizer(h, beta)
    ((expected * given).sum() + 3.0 * drawn).backward()
    assert found is not None and soft.v.grad is not None
    assert torch.equal(found, soft.v.grad) and torch.equal(real, expected)
    torch.testing.assert_close(undecided, drawn)  # summed up in another order


def test_nothing_is_kept_for_the_gradient_that_is_not_there_anyway():
    soft, kept = weight((64, 32)), []

    def keep(tensor):
        kept.append(tensor.untyped_storage().data_ptr())
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        soft.soft(7.5)
    there = {each.untyped_storage().data_ptr() for each in (soft.v, soft.below, soft.scale)}
    assert kept and set(kept) <= there
