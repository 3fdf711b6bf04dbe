"""Int8 weights of modules whose activations stay float: quantized by the qconfig's weight observer."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from octavo.nn.quantized.layer import weight_qparams
from octavo.numerics import quantize


def int8_weight(mod: Any, weight: Tensor, ch_axis: int = 0) -> tuple[Tensor, Tensor]:
    """Quantize a float weight.

    Args:
        mod: has the qconfig, or a trained `weight_fake_quant`.
        weight: [out_channels, …] float.
        ch_axis: the axis of the output channels.

    Returns: integers in [−127, 127] of weight's shape, and [out_channels] float32 scales.
    """
    real = weight.detach().float()
    qparams = weight_qparams(mod, real, ch_axis)
    # −128 has no opposite: the integers of a weight end at −127.
    return quantize(real, qparams).clamp(min=-127), qparams.scale.expand(real.shape[ch_axis]).contiguous().clone()
