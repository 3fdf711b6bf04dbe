"""The weight of one layer in integers, by each way of rounding."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from octavo.algorithms.adaround import Outputs, adaround
from octavo.algorithms.columns import columns_at, draw_outputs, outputs_at, weight_of_rows, weight_rows
from octavo.algorithms.gptq import gptq, gptq_scaled
from octavo.graph.ir import Node
from octavo.graph.rewrite_layers import LayerInputs
from octavo.graph.transposed import by_output_channel, out_channels
from octavo.numerics import Qparams, dequantize, quantize

Way = Literal["nearest", "gptq", "adaround"]

# How many outputs of a layer are looked at: enough that a Hessian has full rank, and no more than seconds' worth.
_OUTPUTS, _OUTPUTS_PER_COLUMN = 16384, 4


def rounded_weight(
    node: Node,
    qparams: Qparams,
    inputs: LayerInputs,
    rounding: Way,
    generator: torch.Generator,
    search_scales: bool = False,
) -> tuple[Tensor, Qparams]:
    """Return the real numbers that a weight's integers will stand for, of its shape, and its qparams.

    Args:
        node: a `conv`, `conv_transpose` or `linear`.
        qparams: of its weight, with the output channels first.
        inputs: as the int8 program gives them; with "adaround" the float network's outputs too.
        rounding: "nearest", each number on its own; "gptq" or "adaround", so that the layer's output changes least.
        generator: draws the outputs that are looked at.
        search_scales: whether "gptq" tries scales around those of the qparams, where each channel has its own.
    """
    weight = by_output_channel(node, node.constants["weight"].detach())
    if rounding == "nearest":
        return by_output_channel(node, dequantize(quantize(weight, qparams), qparams)), qparams
    rows = weight_rows(node, node.constants["weight"].detach())
    scale = qparams.scale.expand(len(weight)).reshape(rows.shape[:2])
    if rounding == "gptq":
        hessian = _hessian(node, inputs, rows.shape[2], generator)
        if search_scales and qparams.scale.dim():
            q, scale = gptq_scaled(rows, hessian, scale, qparams.quant_max)
            qparams = replace(qparams, scale=scale.flatten())
        else:
            q = gptq(rows, hessian, scale, qparams.quant_max)
    else:
        q = adaround(rows, _outputs(node, inputs, rows.shape[2], generator), scale, qparams.quant_max, generator)
    return by_output_channel(node, dequantize(weight_of_rows(node, q), qparams)), qparams


# Products of larger numbers leave float32 when so many are summed up: outliers, or a sample that is broken.
_LARGE = 2.0**48


def _share(inputs: LayerInputs, k: int) -> int:
    """Return how many outputs of each sample to look at."""
    return -(-max(_OUTPUTS, _OUTPUTS_PER_COLUMN * k) // len(inputs))


def _hessian(node: Node, inputs: LayerInputs, k: int, generator: torch.Generator) -> Tensor:
    """Return `E[x xᵀ]` of what the rows of the weight are multiplied by, [groups, k, k], float64 where need be."""
    each, groups = _share(inputs, k), node.attributes.get("groups", 1)
    total, count = torch.zeros(groups, k, k), 0
    for x, *_ in inputs:
        taken = columns_at(node, x, draw_outputs(node, x, each, generator))
        if taken.numel() and float(taken.abs().amax()) > _LARGE:
            total, taken = total.double(), taken.double()
        total.baddbmm_(taken.transpose(1, 2).to(total.dtype), taken.to(total.dtype))
        count += taken.shape[1]
    return total.div_(max(count, 1))


def _outputs(node: Node, inputs: LayerInputs, k: int, generator: torch.Generator) -> Outputs:
    """Return some outputs of the layer in the float network, and what they are computed from in the int8 program."""
    each = _share(inputs, k)
    bias = node.constants.get("bias")
    bias = torch.zeros(out_channels(node)) if bias is None else bias.detach()
    taken, wanted, added = [], [], []
    for sample, (x, *residual) in enumerate(inputs):
        drawn = draw_outputs(node, x, each, generator)
        taken.append(columns_at(node, x, drawn))
        wanted.append(outputs_at(node, inputs.wanted(sample), drawn))
        added += [outputs_at(node, other, drawn) + bias for other in residual]
    clamp = node.attributes.get("clamp")
    return Outputs(torch.cat(taken, 1), torch.cat(wanted), torch.cat(added) if added else bias, clamp)
