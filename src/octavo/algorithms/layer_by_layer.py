"""Round the weights and correct the biases of int8 layers, one after the other, on what is quantized already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from octavo.algorithms.bias_correction import bias_shift, channel_axis, corrected
from octavo.algorithms.columns import columns, weight_rows
from octavo.algorithms.gptq import gptq
from octavo.algorithms.kept_samples import KeptSamples, channel_means
from octavo.graph.correction import Correction
from octavo.graph.ir import Node
from octavo.graph.placement import LAYERS
from octavo.graph.prepare import Prepared
from octavo.graph.rewrite_layers import LayerInputs, rewrite_layers
from octavo.graph.transposed import by_output_channel
from octavo.graph.weights import weight_qparams
from octavo.numerics import Qparams, dequantize, quantize

Rounding = Literal["nearest", "gptq"]

# How many outputs of a layer its Hessian is made from: enough that it has full rank, and no more than seconds' worth.
_OUTPUTS, _OUTPUTS_PER_COLUMN = 16384, 4


class LayerByLayer(Correction):
    """Rewrite each int8 layer so that it gives what the float layer gives, on the inputs that it will have in int8.

    Args:
        prepared: what is being calibrated.
        rounding: "gptq" rounds the weights of convolutions and linear layers by `gptq`; "nearest" each on its own.
        bias_correction: whether each bias takes back the shift of its layer's mean output: `bias_shift`.
    """

    def __init__(
        self,
        prepared: Prepared,
        rounding: Rounding = "gptq",
        bias_correction: bool = True,
    ) -> None:
        super().__init__(prepared)
        self._rounding = rounding
        self._bias_correction = bias_correction
        layers = [node for node in prepared.graph.nodes if _is_quantized(node, prepared)]
        self._steps = len(layers)
        axes = {value: channel_axis(node) for node in layers for value in node.inputs}
        self._samples = KeptSamples(prepared.graph, axes)

    @property
    def steps(self) -> int:
        """One for each layer."""
        return self._steps

    def watch(self, value: str, tensor: Tensor) -> None:
        """Keep what is needed of a sample."""
        self._samples.watch(value, tensor)

    def apply(self, prepared: Prepared, step: Callable[[], None] = lambda: None) -> Prepared:
        """Return a graph with other weights and biases."""
        generator = torch.Generator().manual_seed(0)
        left = self._steps

        def rewrite(node: Node, inputs: LayerInputs) -> tuple[Node, Qparams | None]:
            nonlocal left
            if not _is_quantized(node, prepared):
                return node, None
            qparams, rounded = self._rounded(node, prepared, inputs, generator)
            constants = {**node.constants, "weight": rounded}
            if self._bias_correction and prepared.decisions[node.name].int8:
                constants["bias"] = corrected(node, self._shift(node, rounded, inputs))
            left -= 1
            step()
            return replace(node, constants=constants), qparams

        rewritten = rewrite_layers(prepared, self._samples.inputs(), rewrite)
        for _ in range(left):  # layers that other corrections have taken to float
            step()
        return rewritten

    def _rounded(
        self, node: Node, prepared: Prepared, inputs: LayerInputs, generator: torch.Generator
    ) -> tuple[Qparams, Tensor]:
        """Return the qparams of a weight and the real numbers that its integers stand for, of its shape."""
        qconfig = prepared.qconfigs[node.name]
        assert qconfig is not None
        weight = node.constants["weight"].detach()
        qparams = weight_qparams(node, qconfig)
        if self._rounding == "nearest" or node.type == "conv_transpose":
            by_channel = by_output_channel(node, weight)
            return qparams, by_output_channel(node, dequantize(quantize(by_channel, qparams), qparams))
        rows = weight_rows(node, weight)
        scale = qparams.scale.expand(len(weight)).reshape(rows.shape[:2])
        q = gptq(rows, _hessian(node, inputs, rows.shape[2], generator), scale, qparams.quant_max)
        return qparams, dequantize(q.reshape(weight.shape), qparams)

    def _shift(self, node: Node, rounded: Tensor, inputs: LayerInputs) -> Tensor:
        means = [mean for value in node.inputs if (mean := self._samples.mean(value)) is not None]
        if len(means) < len(node.inputs):  # they were empty in every sample
            return torch.zeros(by_output_channel(node, rounded).shape[0])
        axis, count = channel_axis(node), 0
        totals = [torch.zeros_like(mean) for mean in means]
        for arguments in inputs:
            for total, tensor in zip(totals, arguments, strict=True):
                total += channel_means(tensor, axis) * arguments[0].numel()
            count += arguments[0].numel()
        x, *residual = (total / count for total in totals)
        shift = bias_shift(node, rounded, means[0], x)
        return shift + (means[1] - residual[0]) if residual else shift


def _is_quantized(node: Node, prepared: Prepared) -> bool:
    decision = prepared.decisions[node.name]
    return node.type in LAYERS and (decision.int8 or decision.dynamic) and prepared.qconfigs[node.name] is not None


def _hessian(node: Node, inputs: LayerInputs, k: int, generator: torch.Generator) -> Tensor:
    """Return `E[x xᵀ]` of what the rows of the weight are multiplied by, [groups, k, k] float32."""
    each = -(-max(_OUTPUTS, _OUTPUTS_PER_COLUMN * k) // len(inputs))
    groups = node.attributes.get("groups", 1)
    total, count = torch.zeros(groups, k, k), 0
    for x, *_ in inputs:
        taken = columns(node, x, each, generator)
        total.baddbmm_(taken.transpose(1, 2), taken)
        count += taken.shape[1]
    return total.div_(max(count, 1))
