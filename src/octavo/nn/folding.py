"""The float weight and bias that a module computes with, batch norm folded in."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from octavo.numerics import batch_norm_affine, by_output_channel, fold_affine


def fold(
    weight: Tensor, bias: Tensor | None, norm: Any, transposed: bool = False, groups: int = 1
) -> tuple[Tensor, Tensor]:
    """Fold a batch norm's running statistics into the layer before it, see `octavo.numerics.fold_affine`.

    Args:
        weight: [out, …], or [in, out / groups, …] of a transposed convolution.
        bias: [out] or None.
        norm: a batch norm module with running statistics.
        transposed: whether the weight is that of a transposed convolution.
        groups: of the convolution.

    Returns: weight and bias, float32.
    """
    scale, shift = batch_norm_affine(norm.running_mean, norm.running_var, norm.weight, norm.bias, norm.eps)
    if not transposed:
        return fold_affine(weight, bias, scale, shift)
    folded, term = fold_affine(by_output_channel(weight, groups), bias, scale, shift)
    return by_output_channel(folded, groups), term


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
