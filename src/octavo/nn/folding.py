"""The float weight and bias that a module computes with, batch norm folded in."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


def fold(weight: Tensor, bias: Tensor | None, norm: Any, transposed: bool = False, groups: int = 1) -> Any:
    """Fold a batch norm's running statistics into the layer before it.

    `γ/√(σ² + ε) · (w·x + b − µ) + β` for each output channel, computed in float64.

    Args:
        weight: [out, …], or [in, out / groups, …] of a transposed convolution.
        bias: [out] or None.
        norm: a batch norm module with running statistics.
        transposed: whether the weight is that of a transposed convolution.
        groups: of the convolution.

    Returns: weight and bias, float32.

    Reference: Jacob et al. 2018, arXiv:1712.05877, section 3.2, equation 14.
    """
    factor = torch.rsqrt(norm.running_var.double() + norm.eps)
    if norm.weight is not None:
        factor = factor * norm.weight.double()
    shift = -norm.running_mean.double() * factor
    if norm.bias is not None:
        shift = shift + norm.bias.double()
    wide = weight.double()
    if transposed:
        per_group = factor.view(groups, 1, -1, *[1] * (weight.dim() - 2))
        folded = (wide.view(groups, -1, *weight.shape[1:]) * per_group).view(weight.shape)
    else:
        folded = wide * factor.view(-1, *[1] * (weight.dim() - 1))
    old = torch.zeros_like(factor) if bias is None else bias.double()
    return folded.float(), (old * factor + shift).float()


def conv_of(mod: Any) -> Any:
    """Return the layer within a fused module: its first one, or the module itself."""
    return mod[0] if isinstance(mod, nn.Sequential) else mod


def float_weight_bias(mod: Any) -> tuple[Tensor, Tensor | None]:
    """Return the float weight and bias of a float, fused or QAT module, batch norm folded in."""
    own = getattr(mod, "folded_weight_bias", None)
    if own is not None:
        return own()
    layer = conv_of(mod)
    return layer.weight.detach(), None if layer.bias is None else layer.bias.detach()
