"""Folding: a factor and a term of each output channel become part of the layer before them."""

from __future__ import annotations

import torch
from torch import Tensor

# How many output channels are folded at once, which bounds the memory of float64.
_AT_ONCE = 64


def batch_norm_affine(
    mean: Tensor, variance: Tensor, gamma: Tensor | None, beta: Tensor | None, eps: float
) -> tuple[Tensor, Tensor]:
    """Return batch norm in inference as `y = scale · x + shift`: `scale = γ / √(σ² + ε)`, `shift = β − µ · scale`.

    Args:
        mean, variance: [channels], the running statistics.
        gamma, beta: [channels]; None is 1 and 0.
        eps: > 0.

    Returns: scale and shift, [channels] float64.

    Reference: Ioffe and Szegedy 2015, arXiv:1502.03167, algorithm 2.
    """
    scale = torch.rsqrt(variance.double() + eps)
    if gamma is not None:
        scale = scale * gamma.double()
    shift = -mean.double() * scale
    return scale, shift if beta is None else shift + beta.double()


def fold_affine(weight: Tensor, bias: Tensor | None, scale: Tensor, shift: Tensor) -> tuple[Tensor, Tensor]:
    """Fold `scale · (w·x + b) + shift = (scale·w)·x + (scale·b + shift)` into a layer, in float64.

    Args:
        weight: [out_channels, …].
        bias: [out_channels]; None is 0.
        scale, shift: [out_channels].

    Returns: weight and bias, float32.

    Reference: Jacob et al. 2018, arXiv:1712.05877, section 3.2, equation 14.
    """
    return scale_rows(weight, scale), fold_bias(bias, scale, shift)


def scale_rows(weight: Tensor, scale: Tensor) -> Tensor:
    """Return `scale · w` for each output channel, computed in float64.

    Args:
        weight: [out_channels, …].
        scale: [out_channels].

    Returns: float32 of the weight's shape.
    """
    scaled = weight.new_empty(weight.shape, dtype=torch.float32)
    factors = scale.double().view(-1, *[1] * (weight.dim() - 1))
    for part in (slice(start, start + _AT_ONCE) for start in range(0, len(weight), _AT_ONCE)):
        scaled[part] = weight[part].double() * factors[part]
    return scaled


def fold_bias(bias: Tensor | None, scale: Tensor, shift: Tensor) -> Tensor:
    """Return `scale · b + shift`, computed in float64, as float32; no bias is 0."""
    term = shift.double() if bias is None else bias.double() * scale.double() + shift.double()
    return term.float()


def by_output_channel(weight: Tensor, groups: int) -> Tensor:
    """Turn a transposed convolution's weight `[ic, oc/groups, …]` into `[oc, ic/groups, …]`; twice changes nothing."""
    return weight.unflatten(0, (groups, -1)).transpose(1, 2).flatten(0, 1)
