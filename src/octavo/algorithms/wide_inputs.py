"""Keep in float32 what multiplies an input that 8 bits cannot hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch import Tensor

from octavo.algorithms.layer_error import layer_error
from octavo.graph.correction import Correction
from octavo.graph.ir import Node
from octavo.graph.placement import Decision
from octavo.graph.prepare import Prepared, place_again
from octavo.graph.recurrent import RECURRENT

LEAST_SQNR = 20.0
"""In dB: below it one row of the output in ten has an error of more than a tenth of itself."""

# How many dB there must be to gain before the recurrent weight limits a layer.
_GAIN = 3.0
# How much is kept of an input: of so many samples so many sequences, or rows, and so many steps of time.
_SAMPLES, _SEQUENCES, _ROWS, _STEPS = 16, 2, 64, 128
# The noise that a layer is computed on where no data is known to be like the user's.
_AMPLITUDES, _NOISE_STEPS = (1.0, 0.1), 64


class WideInputs(Correction):
    """Find the layers that their quantized input ruins, and multiply that input in float32.

    Each recurrent layer, and each linear layer that quantizes its rows as they arrive, is computed twice on inputs of
    the calibration: in float32, and with its input and that input's weight rounded to 8 bits. Where the SQNR of its
    output, row by row (the worst tenth of them left out), is below `LEAST_SQNR`, the product of the input stays in
    float32. Of a recurrent layer all else stays in 8 bits; one that rounding its recurrent weight alone harms as much
    is left alone, since it would gain nothing.

    The output is what has to be measured: where an input holds 10⁻⁵ and 40, its product with weights of 60 may be
    right to 40 dB, and yet wrong by more than a gate can take.

    Args:
        prepared: what is being calibrated.
        made_up: whether the data may be unlike the user's; layers are then computed on normal noise as well.
    """

    def __init__(self, prepared: Prepared, made_up: bool = False) -> None:
        super().__init__(prepared)
        self._layers = [node for node in prepared.graph.nodes if _may_suffer(node, prepared.decisions[node.name])]
        self._inputs: dict[str, list[Tensor]] = {node.inputs[0]: [] for node in self._layers}
        self._in_time = {node.inputs[0] for node in self._layers if node.type in RECURRENT}
        self._made_up = made_up

    def watch(self, value: str, tensor: Tensor) -> None:
        """Keep some sequences, or rows, of a layer's input, of the first samples."""
        kept = self._inputs.get(value)
        if kept is None or len(kept) == _SAMPLES or tensor.numel() == 0:
            return
        if value in self._in_time:
            kept.append(tensor[:_STEPS, :_SEQUENCES].clone())
            return
        rows = tensor.flatten(0, -2) if tensor.dim() > 1 else tensor.unsqueeze(0)
        kept.append(rows[:: max(1, len(rows) // _ROWS)].clone())

    def apply(self, prepared: Prepared, step: Callable[[], None] = lambda: None) -> Prepared:
        """Return a graph in which the products of such inputs run in float32."""
        found = {node.name: worst for node in self._layers if (worst := self._worst(node, prepared)) is not None}
        if not found:
            return prepared
        reasons: dict[str, Decision] = {}
        nodes: list[Node] = []
        for node in prepared.graph.nodes:
            if node.name not in found:
                nodes.append(node)
                continue
            split = _split(node) if node.type in RECURRENT else (node,)
            nodes += split
            reasons[split[0].name] = _decision(found[node.name], recurrent=len(split) > 1)
        return place_again(prepared, prepared.graph.with_nodes(nodes), reasons)

    def _worst(self, node: Node, prepared: Prepared) -> float | None:
        """Return the least SQNR in dB that rounding the input leaves of a layer's output; None where that will do."""
        below, dynamic = [], prepared.decisions[node.name].dynamic
        for x in self._samples(node):
            error = layer_error(node, x, prepared, "weight_ih" if node.type in RECURRENT else "weight", dynamic)
            if error >= LEAST_SQNR:
                continue
            if node.type != "linear" and layer_error(node, x, prepared, "weight_hh", dynamic) < error + _GAIN:
                continue
            below.append(error)
        return min(below, default=None)

    def _samples(self, node: Node) -> Iterator[list[Tensor]]:
        kept = self._inputs[node.inputs[0]]
        if kept:  # sequences of one length side by side, which is faster to compute
            alike = {len(x): [other for other in kept if len(other) == len(x)] for x in kept}
            yield [torch.cat(xs, 1) for xs in alike.values()] if node.type in RECURRENT else [torch.cat(kept)]
        if not self._made_up:
            return
        weight = node.constants["weight_ih" if node.type in RECURRENT else "weight"]
        shape = (
            (_NOISE_STEPS, _SEQUENCES, weight.shape[1]) if node.type in RECURRENT else (_NOISE_STEPS, weight.shape[1])
        )
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(0))
        for amplitude in _AMPLITUDES:
            yield [noise * amplitude]


def _may_suffer(node: Node, decision: Decision) -> bool:
    if node.type in RECURRENT:
        return (decision.int8 or decision.dynamic) and "weight_ih" in node.constants
    return node.type == "linear" and decision.dynamic


def _split(node: Node) -> tuple[Node, Node]:
    """Return the product of a recurrent layer's input as a node of its own, and the layer that is given it."""
    constants = dict(node.constants)
    weight = constants.pop("weight_ih")
    biases = [constants.pop("bias_ih", None)]
    if node.type != "gru":  # whose recurrent bias is multiplied by a gate
        biases.append(constants.pop("bias_hh", None))
    given = [bias for bias in biases if bias is not None]
    bias = {"bias": torch.stack(given).sum(0)} if given else {}
    name = f"{node.name}.input_product"
    shape = (*node.shape[:2], weight.shape[0])
    product = Node(
        "linear", name, node.inputs[:1], name, shape, {}, {"weight": weight, **bias}, (), node.module, node.path
    )
    return product, replace(node, inputs=(name, *node.inputs[1:]), constants=constants)


def _decision(sqnr: float, recurrent: bool) -> Decision:
    stays = "its input product stays in float32" if recurrent else "it stays in float32"
    return Decision(
        False,
        f"its input spans too wide a range for 8 bits: {sqnr:.1f} dB; {stays}",
        "none needed; for more speed give the model inputs of one magnitude (a logarithm, a normalization)",
    )
