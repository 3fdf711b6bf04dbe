"""The weight of one layer in integers, by each way of rounding."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from octavo.algorithms.adaround import Outputs, adaround
from octavo.algorithms.columns import columns_at, draw_outputs, outputs_at, weight_of_rows, weight_rows
from octavo.algorithms.gptq import gptq, gptq_scaled
from octavo.algorithms.second_moments import SecondMoments
from octavo.graph.block_values import LayerInputs
from octavo.graph.constants import Computed
from octavo.graph.ir import Node
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
    """Return the integers of a weight, int8 with the output channels first, and its qparams.

    Args:
        node: a `conv`, `conv_transpose` or `linear`.
        qparams: of its weight, with the output channels first.
        inputs: as the int8 program gives them; with "adaround" the float network's outputs too.
        rounding: "nearest", each number on its own; "gptq" or "adaround", so that the layer's output changes least.
        generator: draws the outputs that are looked at.
        search_scales: whether "gptq" tries scales around those of the qparams, where each channel has its own.
    """
    weight = node.constants["weight"].detach()
    if rounding == "nearest":
        return quantize(by_output_channel(node, weight), qparams), qparams
    rows = weight_rows(node, weight)
    scale = qparams.scale.expand(out_channels(node)).reshape(rows.shape[:2])
    if rounding == "gptq":
        if search_scales and qparams.scale.dim():
            moments = _moments(node, inputs, rows.shape[2], generator)
            q, scale = gptq_scaled(rows, moments, scale, qparams.quant_max)
            qparams = replace(qparams, scale=scale.flatten())
        else:
            root = _moments(node, inputs, rows.shape[2], generator).root(keep=False)
            q = gptq(rows, root, scale, qparams.quant_max)
    else:
        q = adaround(rows, _outputs(node, inputs, rows.shape[2], generator), scale, qparams.quant_max, generator)
    return weight_of_rows(node, q), qparams


def with_integers(node: Node, role: str, integers: Tensor, qparams: Qparams) -> Node:
    """Return a layer with a weight that is held as its integers, and is real numbers whenever it is read.

    Args:
        node: a layer.
        role: of the weight.
        integers: int8, the output channels first.
        qparams: what they stand for.
    """

    def real(q: Tensor) -> Tensor:
        return by_output_channel(node, dequantize(q, qparams))

    return node.with_constants(**{role: Computed(real, (integers,), node.shape_of(role))})


# Products of larger numbers leave float32 when so many are summed up: outliers, or a sample that is broken.
_LARGE = 2.0**48


def _share(inputs: LayerInputs, k: int) -> int:
    """Return how many outputs of each sample to look at."""
    return -(-max(_OUTPUTS, _OUTPUTS_PER_COLUMN * k) // len(inputs))


def _moments(node: Node, inputs: LayerInputs, k: int, generator: torch.Generator) -> SecondMoments:
    """Return `E[x xᵀ]` of what the rows of the weight are multiplied by, float64 where need be."""
    each, moments = _share(inputs, k), SecondMoments(node.attributes.get("groups", 1), k)
    for x, *_ in inputs:
        taken = columns_at(node, x, draw_outputs(node, x, each, generator))
        large = taken.numel() and float(taken.abs().amax()) > _LARGE
        moments.add(taken.double() if large else taken)
    return moments.finish()


def _outputs(node: Node, inputs: LayerInputs, k: int, generator: torch.Generator) -> Outputs:
    """Return some outputs of the layer in the float network, and what they are computed from in the int8 program."""
    each = _share(inputs, k)
    bias = node.constants.get("bias")
    bias = torch.zeros(out_channels(node)) if bias is None else bias.detach()
    taken, wanted, added = [], [], []
    for sample, (x, *residual) in enumerate(inputs):
        drawn = draw_outputs(node, x, each, generator)
        columns = columns_at(node, x, drawn)
        taken.append(columns if inputs.qparams is None else quantize(columns, inputs.qparams))
        wanted.append(outputs_at(node, inputs.wanted(sample), drawn))
        added += [outputs_at(node, other, drawn) + bias for other in residual]
    clamp = node.attributes.get("clamp")
    return Outputs(_joined(taken, 1), _joined(wanted), _joined(added) if added else bias, clamp, inputs.qparams)


def _joined(parts: list[Tensor], axis: int = 0) -> Tensor:
    """Return tensors one after the other; each is gone from the list once it is copied."""
    sizes = list(parts[0].shape)
    sizes[axis] = sum(part.shape[axis] for part in parts)
    whole, stop = parts[0].new_empty(sizes), sizes[axis]
    while parts:
        part = parts.pop()
        stop -= part.shape[axis]
        whole.narrow(axis, stop, part.shape[axis]).copy_(part)
    return whole
