"""Recurrent layers as single operators of an exported graph.

PyTorch's own shape rule for them walks the sequence, so that torch.export would fix its length. While a model is
exported, its recurrent layers call operators of ours, which compute the same and whose rule lets every size vary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor


@torch.library.custom_op("octavo::lstm", mutates_args=())
def lstm(
    x: Tensor, states: Sequence[Tensor], weights: Sequence[Tensor], has_biases: bool, layers: int, dropout: float,
    train: bool, bidirectional: bool, batch_first: bool,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """Compute `torch.lstm`."""
    y, h, c = torch.lstm(x, list(states), list(weights), has_biases, layers, dropout, train, bidirectional, batch_first)
    return y.clone(), h.clone(), c.clone()


@lstm.register_fake
def _(
    x: Tensor, states: Sequence[Tensor], weights: Sequence[Tensor], has_biases: bool, layers: int, dropout: float,
    train: bool, bidirectional: bool, batch_first: bool,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    width = states[0].shape[2] * (2 if bidirectional else 1)
    return x.new_empty(*x.shape[:2], width), torch.empty_like(states[0]), torch.empty_like(states[1])


def _of_one_state(name: str, compute: Callable[..., tuple[Tensor, Tensor]]) -> Callable[..., Any]:
    def walk(
        x: Tensor, state: Tensor, weights: Sequence[Tensor], has_biases: bool, layers: int, dropout: float,
        train: bool, bidirectional: bool, batch_first: bool,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        y, h = compute(x, state, list(weights), has_biases, layers, dropout, train, bidirectional, batch_first)
        return y.clone(), h.clone()

    def shapes(
        x: Tensor, state: Tensor, weights: Sequence[Tensor], has_biases: bool, layers: int, dropout: float,
        train: bool, bidirectional: bool, batch_first: bool,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        width = state.shape[2] * (2 if bidirectional else 1)
        return x.new_empty(*x.shape[:2], width), torch.empty_like(state)

    # The operator's schema is read off the annotations, which are text here.
    walk.__annotations__ = shapes.__annotations__ = {
        "x": Tensor, "state": Tensor, "weights": Sequence[Tensor], "has_biases": bool, "layers": int, "dropout": float,
        "train": bool, "bidirectional": bool, "batch_first": bool, "return": tuple[Tensor, Tensor],
    }  # fmt: skip
    operator = torch.library.custom_op(f"octavo::{name}", walk, mutates_args=())
    operator.register_fake(shapes)
    return operator


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
    for name, operator in _OPERATORS.items():
        setattr(functions, name, _for_batches(operator, getattr(functions, name)))
    try:
        yield
    finally:
        for name, function in before.items():
            if function is None:
                delattr(functions, name)
            else:
                setattr(functions, name, function)


def _for_batches(operator: Callable[..., Any], packed: Callable[..., Any]) -> Callable[..., Any]:
    """Call the operator, or for packed sequences, whose second argument is their batch sizes, what was there before."""

    def call(x: Tensor, second: Any, third: Any, *rest: Any) -> Any:
        sequences = isinstance(third, Tensor) or isinstance(rest[0], (list, tuple))
        return packed(x, second, third, *rest) if sequences else operator(x, second, third, *rest)

    return call
