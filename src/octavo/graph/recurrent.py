"""One recurrent layer in one direction, in float32."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from octavo.graph.ir import Node

RECURRENT = frozenset({"lstm", "gru", "rnn"})
"""Operators whose weights have 8 bits and whose inputs are quantized as they arrive; a program has them so alone."""

_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "lstm": torch.lstm,
    "gru": torch.gru,
    "rnn_tanh": torch.rnn_tanh,
    "rnn_relu": torch.rnn_relu,
}


def compute_recurrent(node: Node, x: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
    """Compute an `lstm`, `gru` or `rnn` node.

    Args:
        node: the layer.
        x: [t, n, in] float32.
        states: [n, hidden] float32 each; none for zeros.

    Returns: y [t, n, hidden] and the states at the end.
    """
    constants, reverse = node.constants, node.attributes["reverse"]
    weights = [constants[role] for role in ("weight_ih", "weight_hh", "bias_ih", "bias_hh") if role in constants]
    if not states:
        zero = x.new_zeros(x.shape[1], weights[1].shape[1])
        states = (zero, zero) if node.type == "lstm" else (zero,)
    raised = [state.unsqueeze(0) for state in states]
    kind = "_".join([node.type, *(node.attributes[key] for key in ("nonlinearity",) if key in node.attributes)])
    start = raised if node.type == "lstm" else raised[0]
    walked = x.flip(0) if reverse else x
    y, *last = _FUNCTIONS[kind](walked, start, weights, len(weights) == 4, 1, 0.0, False, False, False)
    return (y.flip(0) if reverse else y, *(state.squeeze(0) for state in last))
