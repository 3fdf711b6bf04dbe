"""Recurrent layers as single operators of an exported graph.

PyTorch's own shape rule for them walks the sequence, so that torch.export would fix its length. While a model is
exported, its recurrent layers call operators of ours, which compute the same and whose rule lets every size vary.
Sequences that the model packs (`packed_export.py`) stay padded, and their lengths come along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from octavo.graph.packed_export import Lengths, packing_followed
from octavo.graph.recurrent import walk_sequences


@torch.library.custom_op("octavo::lstm", mutates_args=())
def lstm(
    x: Tensor, states: Sequence[Tensor], weights: Sequence[Tensor], has_biases: bool, layers: int, dropout: float,
    train: bool, bidirectional: bool, batch_first: bool, lengths: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """Compute `torch.lstm`; with lengths x is [t · n, in], time by time, as `octavo::pack` makes it."""
    arguments = (list(weights), has_biases, layers, dropout, train, bidirectional)
    y, h, c = _walk(torch.lstm, x, list(states), arguments, batch_first, lengths)
    return y, h, c


@lstm.register_fake
def _(
    x: Tensor, states: Sequence[Tensor], weights: Sequence[Tensor], has_biases: bool, layers: int, dropout: float,
    train: bool, bidirectional: bool, batch_first: bool, lengths: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    width = states[0].shape[2] * (2 if bidirectional else 1)
    return x.new_empty(*x.shape[:-1], width), torch.empty_like(states[0]), torch.empty_like(states[1])


def _of_one_state(name: str, compute: Callable[..., Any]) -> Callable[..., Any]:
    def walk(
        x: Tensor, state: Tensor, weights: Sequence[Tensor], has_biases: bool, layers: int, dropout: float,
        train: bool, bidirectional: bool, batch_first: bool, lengths: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        arguments = (list(weights), has_biases, layers, dropout, train, bidirectional)
        y, h = _walk(compute, x, state, arguments, batch_first, lengths)
        return y, h

    def shapes(
        x: Tensor, state: Tensor, weights: Sequence[Tensor], has_biases: bool, layers: int, dropout: float,
        train: bool, bidirectional: bool, batch_first: bool, lengths: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        width = state.shape[2] * (2 if bidirectional else 1)
        return x.new_empty(*x.shape[:-1], width), torch.empty_like(state)

    # The operator's schema is read off the annotations, which are text here.
    walk.__annotations__ = shapes.__annotations__ = {
        "x": Tensor, "state": Tensor, "weights": Sequence[Tensor], "has_biases": bool, "layers": int, "dropout": float,
        "train": bool, "bidirectional": bool, "batch_first": bool, "lengths": Tensor | None,
        "return": tuple[Tensor, Tensor],
    }  # fmt: skip
    operator = torch.library.custom_op(f"octavo::{name}", walk, mutates_args=())
    operator.register_fake(shapes)
    return operator


def _walk(
    function: Callable[..., Any], x: Tensor, states: Any, arguments: tuple[Any, ...], batch_first: bool,
    lengths: Tensor | None,
) -> list[Tensor]:  # fmt: skip
    """Compute on x as it is, or on padded sequences that are flat."""
    if lengths is None:
        return [tensor.clone() for tensor in function(x, states, *arguments, batch_first)]
    y, *last = walk_sequences(function, x.unflatten(0, (-1, lengths.numel())), states, arguments, lengths)
    return [y.flatten(0, 1), *last]


_OPERATORS: dict[str, Callable[..., Any]] = {
    "lstm": lstm,
    "gru": _of_one_state("gru", torch.gru),
    "rnn_tanh": _of_one_state("rnn_tanh", torch.rnn_tanh),
    "rnn_relu": _of_one_state("rnn_relu", torch.rnn_relu),
}


@contextmanager
def recurrent_layers_whole() -> Iterator[None]:
    """Let torch.nn's recurrent layers call our operators within a block."""
    functions: Any = torch._VF
    before = {name: functions.__dict__.get(name) for name in _OPERATORS}
    expected_size = nn.RNNBase.get_expected_hidden_size
    for name, operator in _OPERATORS.items():
        setattr(functions, name, _for_sequences(operator, getattr(functions, name)))
    nn.RNNBase.get_expected_hidden_size = _expected_hidden_size(expected_size)
    try:
        with packing_followed():
            yield
    finally:
        nn.RNNBase.get_expected_hidden_size = expected_size
        for name, function in before.items():
            if function is None:
                delattr(functions, name)
            else:
                setattr(functions, name, function)


def _for_sequences(operator: Callable[..., Any], packed: Callable[..., Any]) -> Callable[..., Any]:
    """Call the operator; for sequences that were packed before the block, what was there before."""

    def call(x: Tensor, second: Any, third: Any, *rest: Any) -> Any:
        if isinstance(second, Lengths):
            return operator(x, third, *rest, False, second.lengths)
        sequences = isinstance(third, Tensor) or isinstance(rest[0], (list, tuple))
        return packed(x, second, third, *rest) if sequences else operator(x, second, third, *rest)

    return call


def _expected_hidden_size(before: Callable[..., Any]) -> Callable[..., Any]:
    """Let the batch of packed sequences be symbolic, of which PyTorch makes an integer."""

    def expected(layer: nn.RNNBase, x: Tensor, batch_sizes: Any) -> Any:
        if not isinstance(batch_sizes, Lengths):
            return before(layer, x, batch_sizes)
        directions = 2 if layer.bidirectional else 1
        return layer.num_layers * directions, batch_sizes[0], layer.proj_size or layer.hidden_size

    return expected
