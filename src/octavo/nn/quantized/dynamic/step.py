"""One recurrent layer in one direction: what cells are, and what packed sequences are walked with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from octavo.nn.quantized.dynamic.base import DynamicModule
from octavo.nn.quantized.dynamic.recurrent_weights import RecurrentWeights
from octavo.ops.operators import FLOAT
from octavo.program import Value
from octavo.program.build import ProgramBuilder


class RecurrentStep(DynamicModule):
    """Run one recurrent operator of a program.

    Args:
        operator: `lstm`, `gru` or `rnn`.
        states: how many states it has.
        reverse: whether it walks from the end.
        nonlinearity: of `rnn`, `tanh` or `relu`.
    """

    def __init__(self, operator: str, states: int, reverse: bool = False, nonlinearity: str | None = None) -> None:
        super().__init__()
        self.operator, self.states, self.reverse = operator, states, reverse
        self.nonlinearity = nonlinearity

    def share(self, tensors: Mapping[str, Tensor | None]) -> None:
        """Use these weights, by role."""
        for role, tensor in tensors.items():
            self._buffers[role] = tensor
        self._refresh()

    def walk(self, x: Any, states: tuple[Any, ...] | None) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Walk x [t, n, input_size] from states [n, hidden_size] each, or from zeros."""
        y, *last = self.run_on_floats(x, *(states or ()))
        return y, tuple(last)

    def fixed_axes(self, index: int, rank: int) -> dict[int, int]:
        """Fix the sizes of features and state."""
        weight = self.constant("weight_ih" if index == 0 else "weight_hh")
        assert weight is not None
        return {rank - 1: weight.shape[1]}

    def emit(self, builder: ProgramBuilder, inputs: list[str], values: list[Value]) -> list[str]:
        """Append the operator."""
        names = ["y", *(f"state{i}" for i in range(self.states))]
        attributes = recurrent_attributes(self.reverse, self.nonlinearity)
        constants = RecurrentWeights.constants(self.constant)
        builder.emit(self.operator, inputs, names, [FLOAT] * len(names), attributes, constants)
        return names


def recurrent_attributes(reverse: bool, nonlinearity: str | None) -> dict[str, Any]:
    """Return the attributes of a recurrent operator; only `rnn` has a nonlinearity."""
    return {"reverse": reverse} if nonlinearity is None else {"reverse": reverse, "nonlinearity": nonlinearity}
