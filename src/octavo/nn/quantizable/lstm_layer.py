"""One layer of an LSTM that can be observed, in one direction or both."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from octavo.nn.float_functional import FloatFunctional
from octavo.nn.quantizable.lstm_cell import LSTMCell

States = tuple[Tensor, Tensor]


class SingleLayer(nn.Module):
    """Walk a sequence in one direction: the inputs of all steps are multiplied at once, then the cell steps."""

    def __init__(self, cell: LSTMCell) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, x: Tensor, hidden: States | None, reverse: bool = False) -> tuple[Tensor, States]:
        """Walk x [t, n, input_size] from (h, c) [n, hidden_size] each, from the last step to the first with reverse."""
        projected = [part.unbind(0) for part in self.cell.project(x)]
        state = self.cell.start(hidden, projected[0][0])
        outputs = []
        for step in reversed(range(x.shape[0])) if reverse else range(x.shape[0]):
            state = self.cell.step([part[step] for part in projected], state)
            outputs.append(state[0])
        return torch.stack(outputs[::-1] if reverse else outputs), state


class LSTMLayer(nn.Module):
    """Walk a sequence in one direction, or in both and join what they return.

    Args:
        forwards: the cell that walks from the first step.
        backwards: the cell that walks from the last step, or None.
    """

    def __init__(self, forwards: LSTMCell, backwards: LSTMCell | None = None) -> None:
        super().__init__()
        self.layer_fw = SingleLayer(forwards)
        self.layer_bw = None if backwards is None else SingleLayer(backwards)
        if backwards is not None:
            self.both: Any = FloatFunctional()

    def forward(self, x: Tensor, hidden: list[States] | None) -> tuple[Tensor, list[States]]:
        """Walk x from the states of each direction; return the outputs and the states at the end."""
        y, state = self.layer_fw(x, None if hidden is None else hidden[0])
        if self.layer_bw is None:
            return y, [state]
        back, state_back = self.layer_bw(x, None if hidden is None else hidden[1], reverse=True)
        return self.both.cat([y, back], -1), [state, state_back]
