"""Move what makes a linear layer's input hard to round into its weights, which are easy to round."""

from __future__ import annotations

import torch
from torch import Tensor

from octavo.algorithms.channel_scales import scaled
from octavo.algorithms.channel_sets import ChannelSet, channel_sets
from octavo.graph.ir import Graph, Node
from octavo.graph.reparametrization import Reparametrization
from octavo.numerics import Qparams, choose_qparams, dequantize, quantize

ALPHAS = (0.25, 0.4, 0.5, 0.6, 0.75, 0.9)
"""How much of an input's range is moved to the weights, 0 to 1: what is tried for each set of layers."""

# What an error must at least be divided by for channels to be scaled.
_GAIN = 1.05
# How much is kept of an input: of so many samples so many rows.
_SAMPLES, _ROWS = 32, 16
_MOST = 1e4


class ScaleMigration(Reparametrization):
    """Divide each channel of what linear layers read by `s = max|X|^α / max|W|^(1 − α)`, and multiply their weights.

    A few channels of a transformer's activations are a hundred times as large as all others, in every row: a range
    that holds them has no steps left for those. The layer before makes the channels, and is divided by s: a layer norm,
    a linear layer, or the one that makes the values of an attention. All layers that read a value (query, key and value
    of an attention) share one s. α is that of `ALPHAS` with the least error of what these layers make of rows of the
    calibration data, input and weights rounded; where none divides the error of ranges row by row, without scales, by
    at least 1.05, the channels stay as they are. What a residual addition reads as well cannot be scaled.

    Args:
        graph: after all passes.
        by_row: whether inputs are quantized row by row as they arrive, rather than all by one range.

    Reference: Xiao et al., SmoothQuant: Accurate and Efficient Post-Training Quantization for Large Language Models,
    ICML 2023, equations 3 and 4; α by its section 5.1, but for each set of layers on its own.
    """

    name = "scale migration"

    def __init__(self, graph: Graph, by_row: bool = False) -> None:
        super().__init__(graph)
        self._by_row = by_row
        self._layers = {node.name: node for node in graph.nodes}
        self._sets = [found for found in channel_sets(graph, norms=True) if self._fits(found)]
        read = {self._layers[name].inputs[0] for found in self._sets for name in found.consumers}
        self._most: dict[str, Tensor] = {}
        self._rows: dict[str, list[Tensor]] = {value: [] for value in read}

    def watch(self, value: str, tensor: Tensor) -> None:
        """Keep the greatest magnitude of each channel, and some rows of the first samples."""
        kept = self._rows.get(value)
        if kept is None or tensor.numel() == 0:
            return
        rows = tensor.reshape(-1, tensor.shape[-1])
        most = rows.abs().amax(0)
        self._most[value] = torch.maximum(self._most[value], most) if value in self._most else most
        if len(kept) < _SAMPLES:
            kept.append(rows[:: -(-len(rows) // _ROWS)].clone())

    def apply(self) -> tuple[Graph, str]:
        """Return the graph with scales moved."""
        if not self._sets:
            return self.graph, (
                "nothing to scale: no linear layer reads what a norm or a linear layer makes for such layers alone"
            )
        if not self._most:
            return self.graph, "nothing to scale: it needs calibration data, and there is none"
        scales = {index: s for index, found in enumerate(self._sets) if (s := self._best(found)) is not None}
        layers = sum(len(self._sets[index].consumers) for index in scales)
        count = sum(len(found.consumers) for found in self._sets)
        if not scales:
            return self.graph, f"nothing to scale: it makes no output of {count} linear layers more accurate"
        graph = scaled(self.graph, scales, self._sets, set())
        return graph, f"the inputs of {layers} of {count} linear layers are scaled"

    def _fits(self, found: ChannelSet) -> bool:
        return not found.bounds and all(self._layers[name].type == "linear" for name in found.consumers)

    def _best(self, found: ChannelSet) -> Tensor | None:
        """Return the scales of least error, [channels] float64; None where they gain nothing."""
        nodes = [self._layers[name] for name in found.consumers]
        read = {value: torch.cat(self._rows[value]) for value in dict.fromkeys(n.inputs[0] for n in nodes)}
        if not all(value in self._most for value in read):
            return None
        inputs = torch.stack([self._most[value] for value in read]).amax(0)
        weights = torch.stack([_weight(node).abs().amax(0) for node in nodes]).amax(0)

        def error(s: Tensor, by_row: bool) -> float:
            return sum(_error(node, read[node.inputs[0]], s.float(), by_row) for node in nodes)

        tried = [migration_scale(inputs, weights, alpha) for alpha in ALPHAS]
        errors = [error(s, self._by_row) for s in tried]
        least = min(range(len(tried)), key=errors.__getitem__)
        # Without scales, a layer whose input one range does not suit would have a range for each row (`UnevenRows`).
        return tried[least] if errors[least] * _GAIN < error(torch.ones_like(inputs), by_row=True) else None


def migration_scale(inputs: Tensor, weights: Tensor, alpha: float) -> Tensor:
    """Return `s = max|X|^α / max|W|^(1 − α)`, and 1 where a channel has no input or no weight.

    Args:
        inputs: max|X| of each channel, [channels].
        weights: max|W| of each column, [channels].
        alpha: 0 to 1.

    Returns: [channels] float64.
    """
    s = inputs.double().pow(alpha) / weights.double().pow(1 - alpha)
    known = (inputs > 0) & (weights > 0)
    return torch.where(known, s, 1.0).clamp(1 / _MOST, _MOST)


def _error(node: Node, x: Tensor, s: Tensor, by_row: bool) -> float:
    """Return the squared error of what a layer makes of rounded rows, relative to its square."""
    weight = _weight(node)
    want = x @ weight.T
    got = _rounded_rows(x / s, by_row) @ _rounded_weight(weight * s).T
    return float((want - got).square().sum() / want.square().sum().clamp_min(torch.finfo(torch.float32).tiny))


def _weight(node: Node) -> Tensor:
    return node.constants["weight"].detach()


def _rounded_rows(x: Tensor, by_row: bool) -> Tensor:
    low, high = (x.amin(1), x.amax(1)) if by_row else (x.min(), x.max())
    scheme = "per_channel_affine" if by_row else "per_tensor_affine"
    return _rounded(x, choose_qparams(low, high, "uint8", scheme, ch_axis=0 if by_row else None))


def _rounded_weight(weight: Tensor) -> Tensor:
    return _rounded(weight, choose_qparams(weight.amin(1), weight.amax(1), "int8", "per_channel_symmetric", ch_axis=0))


def _rounded(x: Tensor, qparams: Qparams) -> Tensor:
    return dequantize(quantize(x, qparams), qparams)
