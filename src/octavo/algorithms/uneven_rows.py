"""Quantize row by row what one range for all rows would ruin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from octavo.algorithms.layer_error import layer_error
from octavo.graph.correction import Correction
from octavo.graph.placement import Decision
from octavo.graph.prepare import Prepared, place_again

LEAST_SQNR = 30.0
"""In dB, of the rows of a layer's output but the worst tenth: above it one range for all rows is good enough."""
LEAST_GAIN = 3.0
"""In dB, what rows with ranges of their own must be better by."""

# How much is kept of an input: of so many samples so many rows.
_SAMPLES, _ROWS = 32, 8

_BY_ROW = Decision(
    False,
    "the rows of the input are too uneven for one range, so each is quantized by its own as it arrives",
    "none needed: it is about as fast",
    dynamic=True,
)


class UnevenRows(Correction):
    """Find the static linear layers whose input is too uneven for one range, and let each row have its own.

    What a layer reads may have features a hundred times as large in some rows as in all others (the first token of a
    sentence, what a gate makes). Each static linear layer is computed twice on rows of the calibration: with its
    input rounded by the range that was found, and row by row, as dynamic quantization does. Where the first has less
    than `LEAST_SQNR` and the second at least `LEAST_GAIN` more, the layer becomes a dynamic one. In MiniLM these are 20
    of 24; the embeddings' mean cosine to float rises from 0.9935 to 0.9983, and a run takes no longer.

    Args:
        prepared: what is being calibrated.
    """

    def __init__(self, prepared: Prepared) -> None:
        super().__init__(prepared)
        self._layers = [n for n in prepared.graph.nodes if n.type == "linear" and prepared.decisions[n.name].int8]
        self._inputs: dict[str, list[Tensor]] = {node.inputs[0]: [] for node in self._layers}

    def watch(self, value: str, tensor: Tensor) -> None:
        """Keep some rows of a layer's input, of the first samples."""
        kept = self._inputs.get(value)
        if kept is None or len(kept) == _SAMPLES or tensor.numel() == 0:
            return
        rows = tensor.flatten(0, -2) if tensor.dim() > 1 else tensor.unsqueeze(0)
        kept.append(rows[:: -(-len(rows) // _ROWS)].clone())

    def apply(self, prepared: Prepared, step: Callable[[], None] = lambda: None) -> Prepared:
        """Return a graph in which such layers quantize their rows as they arrive."""
        reasons: dict[str, Decision] = {}
        for node in self._layers:
            kept = self._inputs[node.inputs[0]]
            if not kept or not prepared.decisions[node.name].int8:
                continue
            alone = replace(node, inputs=node.inputs[:1])  # without the residual
            rows = [torch.cat(kept)]
            static = layer_error(alone, rows, prepared, "weight", dynamic=False)
            if static >= LEAST_SQNR:
                continue
            by_row = layer_error(alone, rows, prepared, "weight", dynamic=True)
            if by_row >= static + LEAST_GAIN:
                reasons[node.name] = _BY_ROW
        return place_again(prepared, prepared.graph, reasons) if reasons else prepared
