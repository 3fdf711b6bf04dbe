"""Round the weights of int8 layers, one after the other, on what is quantized already, and correct their biases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from octavo.algorithms.bias_correction import bias_shift, channel_axis, corrected
from octavo.algorithms.blocks import find_blocks
from octavo.algorithms.brecq import brecq
from octavo.algorithms.kept_samples import KeptSamples
from octavo.algorithms.norm_reestimation import float_moments, reestimate_norms
from octavo.algorithms.rounded_recurrent import rounded_recurrent
from octavo.algorithms.rounded_weight import Way, rounded_weight, with_integers
from octavo.graph.block_values import Block, BlockValues, LayerInputs
from octavo.graph.correction import Correction
from octavo.graph.ir import Node
from octavo.graph.placement import LAYERS
from octavo.graph.prepare import Prepared
from octavo.graph.recurrent import RECURRENT
from octavo.graph.rewrite_layers import rewrite_blocks
from octavo.graph.weights import weight_qparams
from octavo.numerics import Qparams

Rounding = Literal["nearest", "gptq", "adaround", "brecq"]


class LayerByLayer(Correction):
    """Rewrite each int8 layer so that it gives what the float layer gives, on the inputs that it will have in int8.

    Args:
        prepared: what is being calibrated.
        rounding: how `rounded_weight` rounds the weights of convolutions and linear layers; "brecq" those of residual
            blocks by `brecq`, and by "adaround" the others.
        bias_correction: whether each bias takes back what rounding its layer's weights shifts: `bias_shift`.
        norm_reestimation: whether each channel is then given the mean and deviation of float: `reestimate_norms`.
        search_scales: whether GPTQ also chooses among scales of each channel, as `gptq_scaled` does.
    """

    def __init__(
        self,
        prepared: Prepared,
        rounding: Rounding = "gptq",
        bias_correction: bool = True,
        norm_reestimation: bool = False,
        search_scales: bool = False,
    ) -> None:
        super().__init__(prepared)
        self._rounding: Rounding = rounding
        self._bias_correction = bias_correction
        self._norm_reestimation = norm_reestimation
        self._search_scales = search_scales
        layers = [node for node in prepared.graph.nodes if _is_quantized(node, prepared)]
        self._steps = len(layers)
        axes = {node.inputs[0]: channel_axis(node) for node in layers}
        self._samples = KeptSamples(prepared.graph, axes)

    @property
    def steps(self) -> int:
        """One for each layer, and one more where norms are estimated again."""
        return self._steps * (2 if self._norm_reestimation else 1)

    def watch(self, value: str, tensor: Tensor) -> None:
        """Keep what is needed of a sample."""
        self._samples.watch(value, tensor)

    def apply(self, prepared: Prepared, step: Callable[[], None] = lambda: None) -> Prepared:
        """Return a graph with other weights and biases."""
        generator = torch.Generator().manual_seed(0)
        left = self.steps

        def tell() -> None:
            nonlocal left
            left -= 1
            step()

        way: Way = "adaround" if self._rounding == "brecq" else self._rounding

        def rewrite(block: Block, values: BlockValues) -> tuple[list[Node], dict[str, Qparams]]:
            qparams = {node.name: _weight_qparams(node, prepared) for node in block if _is_quantized(node, prepared)}
            if len(block) == 1 and _is_recurrent(block[0], prepared) and way != "nearest":
                return _with_recurrent_weights(block[0], values, prepared)
            if len(block) > 1:
                weights = brecq(block, values, qparams, generator)
            else:
                weights = {}
                for node in (node for node in block if node.name in qparams):
                    weights[node.name], qparams[node.name] = rounded_weight(
                        node, qparams[node.name], LayerInputs(node, values), way, generator, self._search_scales
                    )
            for _ in weights:
                tell()
            return [self._with_weight(node, weights, qparams, prepared) for node in block], qparams

        # Rounding to nearest looks at no input, so nothing has to be computed for it.
        samples = [] if self._rounding == "nearest" else self._samples.inputs()
        learns = self._rounding in ("adaround", "brecq")
        norms = self._norm_reestimation
        wanted = float_moments(self.prepared.graph, prepared, self._samples.inputs()) if norms else {}
        rewritten = rewrite_blocks(prepared, samples, self._blocks(prepared), rewrite, wanted=learns)
        if norms:
            rewritten = reestimate_norms(wanted, rewritten, self._samples.inputs(), tell)
        for _ in range(left):  # layers that other corrections have taken to float
            step()
        return replace(rewritten, notes=(*prepared.notes, *self._notes(prepared)))

    def _notes(self, prepared: Prepared) -> list[str]:
        """Say which of the methods that were asked for have nothing to do."""
        asked = {"bias correction": self._bias_correction, "batch norm re-estimation": self._norm_reestimation}
        if not any(
            _is_quantized(node, prepared) and prepared.decisions[node.name].int8 for node in prepared.graph.nodes
        ):
            why = "nothing to correct: no layer reads values whose range is found beforehand"
            return [f"{name}: {why}" for name, on in asked.items() if on]
        if self._norm_reestimation and len(self._samples.inputs()) < 2:
            return ["batch norm re-estimation: nothing to go by: one sample does not tell what holds for others"]
        return []

    def _blocks(self, prepared: Prepared) -> list[Block]:
        if self._rounding == "brecq":
            return find_blocks(prepared.graph, lambda node: _is_quantized(node, prepared))
        return [(node,) for node in prepared.graph.nodes]

    def _with_weight(
        self, node: Node, weights: Mapping[str, Tensor], qparams: Mapping[str, Qparams], prepared: Prepared
    ) -> Node:
        """Return a node with its rounded weight and the bias that goes with it."""
        if node.name not in weights:
            return node
        rounded = with_integers(node, "weight", weights[node.name], qparams[node.name])
        mean = self._samples.mean(node.inputs[0]) if self._bias_correction else None
        if mean is None or not prepared.decisions[node.name].int8:
            return rounded
        return rounded.with_constants(bias=corrected(node, bias_shift(node, rounded.constants["weight"], mean)))


def _weight_qparams(node: Node, prepared: Prepared, role: str = "weight") -> Qparams:
    qconfig = prepared.qconfigs[node.name]
    assert qconfig is not None
    return weight_qparams(node, qconfig, role)


def _with_recurrent_weights(
    node: Node, values: BlockValues, prepared: Prepared
) -> tuple[list[Node], dict[str, Qparams]]:
    """Return a recurrent layer with weights rounded by GPTQ, whatever way the others go."""
    roles = [role for role in ("weight_ih", "weight_hh") if role in node.constants]
    qparams = {role: _weight_qparams(node, prepared, role) for role in roles}
    weights = rounded_recurrent(node, qparams, LayerInputs(node, values))
    named = {f"{node.name}.{role}": found for role, found in qparams.items()}
    for role, integers in weights.items():
        node = with_integers(node, role, integers, qparams[role])
    return [node], named


def _is_quantized(node: Node, prepared: Prepared) -> bool:
    return node.type in LAYERS and _in_8_bits(node, prepared)


def _is_recurrent(node: Node, prepared: Prepared) -> bool:
    return node.type in RECURRENT and _in_8_bits(node, prepared)


def _in_8_bits(node: Node, prepared: Prepared) -> bool:
    decision = prepared.decisions[node.name]
    return (decision.int8 or decision.dynamic) and prepared.qconfigs[node.name] is not None
