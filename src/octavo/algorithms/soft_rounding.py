"""Weights between two integers: what is learned when rounding is learned."""

from __future__ import annotations

import torch
from torch import Tensor

ZETA, GAMMA = 1.1, -0.1
"""How far the sigmoid is stretched beyond 1 and 0, so that it reaches them."""

_FIRST_BETA, _LAST_BETA = 20.0, 2.0
_WARM = 0.2
"""The share of the steps in which nothing draws a weight to either integer."""


def rectified_sigmoid(v: Tensor) -> Tensor:
    """Return `h(V) = clip(σ(V)·(ζ − γ) + γ, 0, 1)`: equation 23 of AdaRound."""
    return (torch.sigmoid(v) * (ZETA - GAMMA) + GAMMA).clamp(0.0, 1.0)


def regularizer(h: Tensor, beta: float) -> Tensor:
    """Return `Σ 1 − |2h − 1|^β`, which is 0 where all of h is 0 or 1: equation 24 of AdaRound."""
    return (1.0 - (2.0 * h - 1.0).abs().pow(beta)).sum()


def beta_at(step: int, steps: int) -> float | None:
    """Return β at a step: none while warming up, then falling from 20 to 2."""
    done = (step / steps - _WARM) / (1.0 - _WARM)
    return None if done < 0.0 else _LAST_BETA + (_FIRST_BETA - _LAST_BETA) * (1.0 - done)


class SoftWeight:
    """A weight whose every number lies between the integers below and above it: `s · clip(⌊W/s⌋ + h(V), −Q, Q)`.

    At first h(V) is what W/s has behind the point, so that the weight is as it was.

    Args:
        weight: any shape, float.
        scale: broadcastable to it, > 0.
        quant_max: Q.

    Attributes:
        v: what is learned, of the weight's shape.

    Reference: Nagel et al., Up or Down? Adaptive Rounding for Post-Training Quantization, ICML 2020, equation 22.
    """

    def __init__(self, weight: Tensor, scale: Tensor, quant_max: int) -> None:
        steps = weight.detach() / scale
        self.scale, self.quant_max = scale, quant_max
        self.below = steps.floor()
        share = (steps - self.below).clamp(1e-4, 1.0 - 1e-4)
        self.v = torch.logit((share - GAMMA) / (ZETA - GAMMA)).requires_grad_()

    def h(self) -> Tensor:
        """Return how far each number lies above its lower integer."""
        return rectified_sigmoid(self.v)

    def real(self, h: Tensor) -> Tensor:
        """Return the weight for h: equation 22."""
        return (self.below + h).clamp(-self.quant_max, self.quant_max) * self.scale

    def integers(self) -> Tensor:
        """Return the integers that each number is nearer to, as float."""
        with torch.no_grad():
            return (self.below + (self.h() >= 0.5)).clamp(-self.quant_max, self.quant_max)
