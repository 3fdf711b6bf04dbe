"""Recurrent cells with int8 weights: one time step a call."""

from __future__ import annotations

from typing import Any, ClassVar

import torch

from octavo.nn.quantized.dynamic.recurrent_weights import RecurrentWeights
from octavo.nn.quantized.dynamic.step import RecurrentStep
from octavo.numerics import dtype_name
from octavo.program import ShapeError


class RNNCellBase(RecurrentStep):
    """Compute the next state; arguments as those of the float cell.

    Shape: x [n, input_size] and states [n, hidden_size], or without the batch axis.
    """

    kind: ClassVar[str]
    gates: ClassVar[int]
    count: ClassVar[int] = 1

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, dtype: Any = torch.int8,
        nonlinearity: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(self.kind, self.count, nonlinearity=nonlinearity)
        if dtype_name(dtype) != "int8":
            raise ValueError(f"{self._get_name()}: got dtype {dtype}, expected torch.qint8")
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        weights = RecurrentWeights(self.gates, input_size, hidden_size, self.kind == "gru")
        for name, tensor in weights.buffers():
            self.register_buffer(name, tensor)
        self._refresh()

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> Any:
        """Make one of a float cell that has a qconfig."""
        extra = {"nonlinearity": mod.nonlinearity} if hasattr(mod, "nonlinearity") else {}
        cell = cls(mod.input_size, mod.hidden_size, mod.bias, **extra)
        for name, tensor in RecurrentWeights.of(mod, "", cls.kind == "gru").buffers():
            setattr(cell, name, tensor)
        cell._refresh()
        return cell

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Compute one step; without states, from zeros.

        Raises:
            TypeError: the input is not a float tensor, or the states are not as many as the cell has.
            ShapeError: the input or a state has another shape, or is empty.
        """
        alone = input.dim() == 1
        if input.dim() not in (1, 2) or input.shape[-1] != self.input_size:
            expected = f"[n, {self.input_size}] or [{self.input_size}]"
            raise ShapeError(f"{self.where}: the input has shape {list(input.shape)}, expected {expected}")
        states = self._states(hx, tuple(input.shape[:-1]))
        if alone:
            input = input.unsqueeze(0)
            states = None if states is None else tuple(s.unsqueeze(0) for s in states)
        _, last = self.walk(input.unsqueeze(0), states)
        if alone:
            last = tuple(s.squeeze(0) for s in last)
        return last if self.count > 1 else last[0]

    def _states(self, hx: Any, batch: tuple[int, ...]) -> tuple[Any, ...] | None:
        if hx is None:
            return None
        states = (hx,) if self.count == 1 else hx
        if not isinstance(states, (tuple, list)) or len(states) != self.count:
            raise TypeError(f"{self.where}: got states of type {type(hx).__name__}, expected {self.count} tensors")
        for index, state in enumerate(states):
            self.check_shape(f"state {index} at the start", state, (*batch, self.hidden_size))
        return tuple(states)

    def _get_name(self) -> str:
        return f"DynamicQuantized{type(self).__name__}"

    def extra_repr(self) -> str:
        """Show the sizes."""
        text = f"{self.input_size}, {self.hidden_size}"
        if not self.bias:
            text += ", bias=False"
        return text if self.nonlinearity in (None, "tanh") else f"{text}, nonlinearity={self.nonlinearity}"


class LSTMCell(RNNCellBase):
    """Long short-term memory, one step; returns (h, c)."""

    kind, gates, count = "lstm", 4, 2


class GRUCell(RNNCellBase):
    """Gated recurrent unit, one step."""

    kind, gates = "gru", 3


class RNNCell(RNNCellBase):
    """Elman cell, one step, with tanh or relu."""

    kind, gates = "rnn", 1

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh",
        dtype: Any = torch.int8,
    ) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, dtype, nonlinearity)
