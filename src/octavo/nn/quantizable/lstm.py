"""An LSTM that can be observed, and quantized with static ranges."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from octavo.nn.float_functional import FloatFunctional
from octavo.nn.quantizable.lstm_cell import LSTMCell
from octavo.nn.quantizable.lstm_layer import LSTMLayer, States
from octavo.program import ShapeError


class LSTM(nn.Module):
    """Walk a sequence as `nn.LSTM` does, of parts that `prepare` observes and `convert` brings to 8 bits.

    In 8 bits the gates, the states and everything between have ranges found in calibration; `quantize_dynamic`
    finds them as they arrive, which is more accurate and, in one program, faster.

    Args:
        input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, device, dtype: as `nn.LSTM`.
        split_gates: whether each gate has linear layers and ranges of its own.

    Shape: x [t, n, input_size], or [n, t, input_size] with batch_first; states (h, c) [layers · directions, n,
        hidden_size] each; both also without the batch axis.

    Attributes:
        layers: one for each layer; their cells hold the weights.
    """

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False,
        dropout: float = 0.0, bidirectional: bool = False, device: Any = None, dtype: Any = None, *,
        split_gates: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.input_size, self.hidden_size, self.num_layers, self.bias = input_size, hidden_size, num_layers, bias
        self.batch_first, self.dropout, self.bidirectional = batch_first, float(dropout), bidirectional
        self.directions = 2 if bidirectional else 1

        def cell(inputs: int) -> LSTMCell:
            return LSTMCell(inputs, hidden_size, bias, device, dtype, split_gates=split_gates)

        sizes = [input_size] + [hidden_size * self.directions] * (num_layers - 1)
        self.layers = nn.ModuleList(LSTMLayer(*(cell(n) for _ in range(self.directions))) for n in sizes)
        if num_layers * self.directions > 1:
            # The states of all layers are returned in one tensor.
            self.hidden_states: Any = FloatFunctional()
            self.cell_states: Any = FloatFunctional()

    @classmethod
    def from_float(cls, other: Any, qconfig: Any = None, split_gates: bool = False) -> LSTM:
        """Make one of a float `nn.LSTM`.

        Raises:
            ValueError: it has a projection (`proj_size`), which has no form in 8 bits.
        """
        if other.proj_size:
            raise ValueError(
                f"module '{getattr(other, 'name', '')}' (LSTM): got proj_size={other.proj_size}; a projected LSTM has "
                "no form in 8 bits. Remedy: set its qconfig to None to keep it in float"
            )
        lstm = cls(
            other.input_size, other.hidden_size, other.num_layers, other.bias, other.batch_first, other.dropout,
            other.bidirectional, split_gates=split_gates,
        )  # fmt: skip
        roles = ("weight_ih", "weight_hh", "bias_ih", "bias_hh") if other.bias else ("weight_ih", "weight_hh")
        for index in range(other.num_layers):
            suffixes = [f"_l{index}", f"_l{index}_reverse"][: lstm.directions]
            cells = [
                LSTMCell.from_params(*(getattr(other, role + suffix) for role in roles), split_gates=split_gates)
                for suffix in suffixes
            ]
            lstm.layers[index] = LSTMLayer(*cells)
        lstm.qconfig = getattr(other, "qconfig", qconfig)
        return lstm.train(other.training)

    def forward(self, x: Tensor, hidden: States | None = None) -> tuple[Tensor, States]:
        """Walk a sequence from given states, zeros where there are none.

        Raises:
            TypeError: x is a PackedSequence.
            ShapeError: x or a state has another shape.
        """
        if not isinstance(x, Tensor):
            raise TypeError(
                f"{self._get_name()}: got a {type(x).__name__}, expected a tensor; static ranges take no packed "
                "sequences. Remedy: pad them, or use quantize_dynamic"
            )
        alone = x.dim() == 2
        steps = x.unsqueeze(1) if alone else x.transpose(0, 1) if self.batch_first else x
        if steps.dim() != 3 or steps.shape[-1] != self.input_size or not steps.shape[0]:
            raise ShapeError(
                f"{self._get_name()}: the input has shape {list(x.shape)}, expected one step or more of "
                f"{self.input_size} features, in 3 axes or in 2 without a batch"
            )
        given = self._taken_apart(hidden, alone, steps.shape[1])
        last: list[States] = []
        for index, layer in enumerate(self.layers):
            steps, ends = layer(steps, None if given is None else given[index])
            last += ends
            if self.dropout and index + 1 < self.num_layers:
                steps = F.dropout(steps, self.dropout, self.training)
        h, c = self._put_together(last)
        if alone:
            return steps.squeeze(1), (h.squeeze(1), c.squeeze(1))
        return (steps.transpose(0, 1) if self.batch_first else steps), (h, c)

    def _taken_apart(self, hidden: States | None, alone: bool, batch: int) -> list[list[States]] | None:
        if hidden is None:
            return None
        count = self.num_layers * self.directions
        expected = (count, self.hidden_size) if alone else (count, batch, self.hidden_size)
        for name, state in zip("hc", hidden, strict=True):
            if tuple(state.shape) != expected:
                raise ShapeError(
                    f"{self._get_name()}: state {name} has shape {list(state.shape)}, expected {list(expected)}"
                )
        h, c = (state.unsqueeze(1) if alone else state for state in hidden)
        pairs = list(zip(h.unbind(0), c.unbind(0), strict=True))
        return [pairs[start : start + self.directions] for start in range(0, count, self.directions)]

    def _put_together(self, last: list[States]) -> States:
        h, c = ([state.unsqueeze(0) for state in states] for states in zip(*last, strict=True))
        return (h[0], c[0]) if len(last) == 1 else (self.hidden_states.cat(h, 0), self.cell_states.cat(c, 0))

    def _get_name(self) -> str:
        return "QuantizableLSTM"

    def extra_repr(self) -> str:
        """Show the sizes and what differs from the default."""
        text = f"{self.input_size}, {self.hidden_size}"
        for name, default in (("num_layers", 1), ("bias", True), ("batch_first", False), ("bidirectional", False)):
            if getattr(self, name) != default:
                text += f", {name}={getattr(self, name)}"
        return text
