"""Hold weights in training back from jumping to and fro between two integers."""

from __future__ import annotations

import torch
from torch import Tensor

from octavo.graph import TrainedModel
from octavo.graph.transposed import by_output_channel
from octavo.numerics import Qparams, dequantize, quantize


def dampening(model: TrainedModel) -> Tensor:
    """Return what to add to the loss, times a weight: the sum of `dampening_of` over all layers in 8 bits, [] float32.

    Args:
        model: whose weights have ranges.
    """
    total = torch.zeros((), device=next(model.parameters()).device)
    for node, layer in model.trained_layers():
        total = total + dampening_of(by_output_channel(node, layer.folded_weight()), layer.weight_fake_quant.qparams())
    return total


def dampening_of(weight: Tensor, qparams: Qparams) -> Tensor:
    """Return `‖ŵ − clip(w, s · quant_min, s · quant_max)‖²`, which pulls each weight to the middle of its step.

    ŵ and s are held constant; what is clipped has no gradient.

    Args:
        weight: w, its output channels on axis 0.
        qparams: of ŵ, symmetric.

    Returns: [] float32.

    Reference: Nagel et al., Overcoming Oscillations in Quantization-Aware Training, ICML 2022, equation 5.
    """
    scale = qparams.scale.reshape(-1, *[1] * (weight.dim() - 1)) if qparams.scale.dim() else qparams.scale
    rounded = dequantize(quantize(weight.detach(), qparams), qparams)
    return (rounded - weight.clamp(scale * qparams.quant_min, scale * qparams.quant_max)).square().sum()
