"""How far the outputs of a network are from those of another: what sensitivity is measured in."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Loss = Callable[[Sequence[Tensor], Sequence[Tensor]], float]
"""Given the outputs of the float network and of another for one sample, a number that is 0 where they are equal."""


def squared_error(exact: Sequence[Tensor], other: Sequence[Tensor]) -> float:
    """Return the noise power: the sum of squared differences of all floating outputs, where float is finite."""
    return sum(_power(y - x, x) for x, y in _floating(exact, other))


def signal_power(exact: Sequence[Tensor]) -> float:
    """Return the sum of squares of all floating outputs, where they are finite: what noise power is compared with."""
    return sum(_power(x, x) for x, _ in _floating(exact, exact))


def kl_divergence(exact: Sequence[Tensor], other: Sequence[Tensor]) -> float:
    """Return `Σ p (log p − log q)` over the rows of the first output: p and q are softmax of float and of the other.

    It is the task loss of a classifier without labels: by how much the other's answers differ from float's.
    """
    p, q = (torch.log_softmax(outputs[0].double(), -1) for outputs in (exact, other))
    return float((p.exp() * (p - q)).sum())


def ratio_db(signal: float, noise: float) -> float:
    """Return `10 log₁₀(signal / noise)`: infinite without noise, −infinite without signal."""
    if noise == 0:
        return math.inf
    return 10 * math.log10(signal / noise) if signal else -math.inf


def _floating(exact: Sequence[Tensor], other: Sequence[Tensor]) -> list[tuple[Tensor, Tensor]]:
    return [(x, y) for x, y in zip(exact, other, strict=True) if x.is_floating_point()]


def _power(difference: Tensor, exact: Tensor) -> float:
    return float(difference[torch.isfinite(exact)].double().square().sum())
