"""One recurrent layer in one direction, in float32."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from octavo.graph.ir import Node

RECURRENT = frozenset({"lstm", "gru", "rnn"})
"""Operators whose weights have 8 bits; a program has them so alone."""

_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "lstm": torch.lstm,
    "gru": torch.gru,
    "rnn_tanh": torch.rnn_tanh,
    "rnn_relu": torch.rnn_relu,
}
_ROLES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")


def compute_recurrent(node: Node, x: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
    """Compute an `lstm`, `gru` or `rnn` node.

    Args:
        node: the layer.
        x: [t, n, in] float32; without `weight_ih` the product [t, n, gates · hidden].
        states: at the start, [n, hidden] float32 each; none for zeros. Where the node has lengths, they come last:
            [n] int64.

    Returns: y [t, n, hidden] and the states at the end.

    Raises:
        ValueError: a length is outside [1, t].
    """
    start, lengths = (states[:-1], states[-1]) if node.attributes.get("lengths") else (states, None)
    if lengths is not None:
        check_lengths(lengths, x.shape[0], f"layer '{node.name}'")
    weights = _weights(node, x)
    out = weights["weight_hh"].shape[1]
    if not start:
        zero = x.new_zeros(x.shape[1], out)
        hidden = weights["weight_hr"].shape[1] if "weight_hr" in weights else out
        start = (zero, x.new_zeros(x.shape[1], hidden)) if node.type == "lstm" else (zero,)
    raised = [state.unsqueeze(0) for state in start]
    kind = "_".join([node.type, *(node.attributes[key] for key in ("nonlinearity",) if key in node.attributes)])
    given = raised if node.type == "lstm" else raised[0]
    last_first = node.attributes["reverse"]
    walked = reverse_in_time(x, lengths) if last_first else x
    arguments = (list(weights.values()), "bias_hh" in weights, 1, 0.0, False, False)
    y, *last = walk_sequences(_FUNCTIONS[kind], walked, given, arguments, lengths)
    return (reverse_in_time(y, lengths) if last_first else y, *(state.squeeze(0) for state in last))


def initial_states(node: Node) -> tuple[str, ...]:
    """Name the values of a recurrent layer's states at the start: h, and of an LSTM c; none for zeros."""
    return node.inputs[1 : -1 if node.attributes.get("lengths") else None]


def walk_sequences(
    function: Callable[..., Any], x: Tensor, states: Any, arguments: tuple[Any, ...], lengths: Tensor | None
) -> tuple[Tensor, ...]:
    """Call `torch.lstm`, `torch.gru` or `torch.rnn_*` on sequences of one length, or each of its own.

    Args:
        function: what to call.
        x: [t, n, in]; behind the end of a sequence anything.
        states: at the start, as the function takes them.
        arguments: those between the states and `batch_first`.
        lengths: [n] int64; None where every sequence has t steps.

    Returns: y [t, n, out], zeros behind the ends, and the states at the end of each sequence.
    """
    if lengths is None:
        return function(x, states, *arguments, False)
    order = torch.argsort(lengths, descending=True)
    packed = pack_padded_sequence(x[:, order], lengths[order])
    sorted_states = [s[:, order] for s in states] if isinstance(states, (list, tuple)) else states[:, order]
    data, *last = function(packed.data, packed.batch_sizes, sorted_states, *arguments)
    y, _ = pad_packed_sequence(PackedSequence(data, packed.batch_sizes), total_length=x.shape[0])
    back = torch.argsort(order)
    return (y[:, back], *(state[:, back] for state in last))


def reverse_in_time(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Turn sequences [t, n, …] around, each within its own length; what lies behind stays."""
    if lengths is None:
        return x.flip(0)
    steps = torch.arange(x.shape[0]).unsqueeze(1)
    index = torch.where(steps < lengths, lengths - 1 - steps, steps)
    return x.gather(0, index.unsqueeze(-1).expand_as(x))


def check_lengths(lengths: Tensor, times: int, where: str) -> None:
    """Refuse lengths that no sequence of a batch can have.

    Raises:
        ValueError: one is outside [1, times].
    """
    wrong = (lengths < 1) | (lengths > times)
    if bool(wrong.any()):
        row = int(wrong.int().argmax())
        raise ValueError(
            f"{where}: lengths[{row}] is {int(lengths[row])}, expected 1 to {times}, the steps of time that x has"
        )


def _weights(node: Node, x: Tensor) -> dict[str, Tensor]:
    """Return the weights as torch.lstm takes them; a product that is given is multiplied by the identity."""
    constants = node.constants
    weights = {role: constants[role] for role in _ROLES if role in constants}
    if "weight_ih" in weights:
        return weights
    biased = {"bias_ih": torch.zeros(x.shape[2]), "bias_hh": weights.get("bias_hh", torch.zeros(x.shape[2]))}
    rest = {role: weights[role] for role in ("weight_hr",) if role in weights}
    return {"weight_ih": torch.eye(x.shape[2]), "weight_hh": weights["weight_hh"], **biased, **rest}
