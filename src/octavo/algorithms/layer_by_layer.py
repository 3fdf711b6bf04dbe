"""Round the weights of int8 layers, one after the other, on what is quantized already, and correct their biases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from octavo.algorithms.bias_correction import bias_shift, channel_axis, corrected
from octavo.algorithms.columns import columns, weight_rows
from octavo.algorithms.gptq import gptq
from octavo.algorithms.kept_samples import KeptSamples
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
        bias_correction: whether each bias takes back what rounding its layer's weights shifts: `bias_shift`.
    """

    def __init__(self, prepared: Prepared, rounding: Rounding = "gptq", bias_correction: bool = True) -> None:
        super().__init__(prepared)
        self._rounding = rounding
        self._bias_correction = bias_correction
        layers = [node for node in prepared.graph.nodes if _is_quantized(node, prepared)]
        self._steps = len(layers)
        axes = {node.inputs[0]: channel_axis(node) for node in layers}
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
            mean = self._samples.mean(node.inputs[0]) if self._bias_correction else None
            if mean is not None and prepared.decisions[node.name].int8:
                constants["bias"] = corrected(node, bias_shift(node, rounded, mean))
            left -= 1
            step()
            return replace(node, constants=constants), qparams

        # Rounding to nearest looks at no input, so nothing has to be computed for it.
        samples = self._samples.inputs() if self._rounding == "gptq" else []
        rewritten = rewrite_layers(prepared, samples, rewrite)
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
