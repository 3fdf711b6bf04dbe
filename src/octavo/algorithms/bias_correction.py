"""Undo the shift of a layer's mean output that rounding its weights causes."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import torch

from octavo.graph.correction import Correction
from octavo.graph.ir import Node
from octavo.graph.placement import LAYERS
from octavo.graph.prepare import Prepared
from octavo.graph.transposed import by_output_channel
from octavo.graph.weights import dequantized_weight


class BiasCorrection(Correction):
    """Add `Σ (W − Ŵ) · E[x]` to the bias of every int8 layer.

    Rounding errors of a channel's weights do not cancel where the inputs have means of their own, as they do after a
    ReLU: the output moves by `E[Ŵx] − E[Wx] = (Ŵ − W) · E[x]`. The means of the inputs, for each input channel, are
    those of the calibration data; padding is not counted. An output of a transposed convolution sees one tap in as many
    as its strides multiply to.

    Args:
        prepared: what is being calibrated.

    Reference: Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction, ICCV 2019,
    section 4.2, equation 15, with the empirical means of appendix D.
    """

    def __init__(self, prepared: Prepared) -> None:
        super().__init__(prepared)
        layers = [n for n in prepared.graph.nodes if n.type in LAYERS and prepared.decisions[n.name].int8]
        # The axis of the channels: the last of a linear layer's input, the second of a convolution's.
        self._axes = {n.inputs[0]: -1 if n.type == "linear" else 1 for n in layers}
        self._sums: dict[str, torch.Tensor] = {}
        self._counts: dict[str, int] = {}

    def watch(self, value: str, tensor: torch.Tensor) -> None:
        """Add a layer's input to the sums of its channels."""
        if value not in self._axes or tensor.numel() == 0:
            return
        axis = self._axes[value] % tensor.dim()
        others = [i for i in range(tensor.dim()) if i != axis]
        count = tensor.numel() // tensor.shape[axis]
        total = tensor.mean(others).double() * count if others else tensor.double()
        self._sums[value] = self._sums.get(value, torch.zeros_like(total)) + total
        self._counts[value] = self._counts.get(value, 0) + count

    def apply(self, prepared: Prepared) -> Prepared:
        """Return a graph with corrected biases."""
        return replace(
            prepared, graph=prepared.graph.with_nodes(self._corrected(n, prepared) for n in prepared.graph.nodes)
        )

    def _corrected(self, node: Node, prepared: Prepared) -> Node:
        qconfig = prepared.qconfigs[node.name]
        if node.type not in LAYERS or not prepared.decisions[node.name].int8 or qconfig is None:
            return node
        value = node.inputs[0]
        if value not in self._sums:
            return node
        weight = node.constants["weight"].detach()
        error = by_output_channel(node, weight - dequantized_weight(node, qconfig)).double()
        groups, channels = node.attributes.get("groups", 1), error.shape[0]
        mean = (self._sums[value] / self._counts[value]).reshape(groups, -1)
        mean = mean.repeat_interleave(channels // groups, 0)  # [out_channels, in_channels / groups]
        shift = (error.reshape(*mean.shape, -1).sum(-1) * mean).sum(-1)
        if node.type == "conv_transpose":
            shift = shift / prod(node.attributes["stride"])
        bias = node.constants.get("bias", torch.zeros(channels)).detach()
        return replace(node, constants={**node.constants, "bias": (bias + shift).float()})
