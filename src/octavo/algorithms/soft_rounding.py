"""Weights between two integers: what is learned when rounding is learned."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

ZETA, GAMMA = 1.1, -0.1
"""How far the sigmoid is stretched beyond 1 and 0, so that it reaches them."""

_FIRST_BETA, _LAST_BETA = 20.0, 2.0
_WARM = 0.2
"""The share of the steps in which nothing draws a weight to either integer."""

# How many numbers of a weight are computed at once: few enough to stay in the cache.
_AT_ONCE = 1 << 17
_VECTOR = 64


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
        scale: of each row, > 0: its shape is the weight's with 1 for what a row has.
        quant_max: Q.

    Attributes:
        v: what is learned, of the weight's shape.

    Reference: Nagel et al., Up or Down? Adaptive Rounding for Post-Training Quantization, ICML 2020, equation 22.
    """

    def __init__(self, weight: Tensor, scale: Tensor, quant_max: int) -> None:
        steps = (weight.detach() / scale).contiguous()
        self.scale, self.quant_max = scale, quant_max
        self.below = steps.floor()
        share = (steps - self.below).clamp(1e-4, 1.0 - 1e-4)
        self.v = torch.logit((share - GAMMA) / (ZETA - GAMMA)).requires_grad_()

    def soft(self, beta: float | None) -> tuple[Tensor, Tensor]:
        """Return the weight as V makes it, equation 22, and the regularizer: 0 without β.

        Both have a gradient, for which V alone is kept.
        """
        rows = [each.reshape(self.scale.numel(), -1) for each in (self.v, self.below, self.scale)]
        real, undecided = _Soft.apply(*rows, self.quant_max, beta)
        return real.view_as(self.v), undecided

    def integers(self) -> Tensor:
        """Return the integers that each number is nearer to, as float."""
        with torch.no_grad():
            return (self.below + (rectified_sigmoid(self.v) >= 0.5)).clamp(-self.quant_max, self.quant_max)


class _Soft(torch.autograd.Function):
    """Compute soft weights some rows at a time, and once more for their gradient.

    Between V and the weight lie eight tensors of their size, which autograd would keep of a whole block of layers.
    """

    @staticmethod
    def forward(ctx: Any, v: Tensor, below: Tensor, scale: Tensor, quant_max: int, beta: float | None) -> Any:
        ctx.save_for_backward(v, below, scale)
        ctx.quant_max, ctx.beta = quant_max, beta
        real, undecided = torch.empty_like(v), v.new_zeros(())
        for part in _parts(v):
            real[part], more = _soft(v[part], below[part], scale[part], quant_max, beta)
            undecided += more
        return real, undecided

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        of_real, of_undecided = gradients
        v, below, scale = ctx.saved_tensors
        found = torch.empty_like(v)
        for part in _parts(v):
            with torch.enable_grad():
                alone = v[part].detach().requires_grad_()
                made = _soft(alone, below[part], scale[part], ctx.quant_max, ctx.beta)
            several = zip(made, (of_real[part], of_undecided), strict=True)
            wanted = [(each, gradient) for each, gradient in several if each.requires_grad]
            (found[part],) = torch.autograd.grad([each for each, _ in wanted], alone, [g for _, g in wanted])
        return found, None, None, None, None


def _parts(v: Tensor) -> list[slice]:
    # Whole vectors of numbers, so that parts change no bit: PyTorch computes what is left over of them another way.
    rows = max(_VECTOR, _AT_ONCE * len(v) // v.numel() // _VECTOR * _VECTOR)
    return [slice(start, start + rows) for start in range(0, len(v), rows)]


def _soft(v: Tensor, below: Tensor, scale: Tensor, quant_max: int, beta: float | None) -> tuple[Tensor, Tensor]:
    h = rectified_sigmoid(v)
    undecided = v.new_zeros(()) if beta is None else regularizer(h, beta)
    return (below + h).clamp(-quant_max, quant_max) * scale, undecided
