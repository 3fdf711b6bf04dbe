"""Recurrent layers with int8 weights: LSTM, GRU and RNN."""

from __future__ import annotations

from typing import Any

import torch

from octavo.nn.quantized.dynamic.rnn_base import RNNBase


class LSTM(RNNBase):
    """Long short-term memory; states (h, c).

    Reference: Hochreiter and Schmidhuber, Long Short-Term Memory, 1997.
    """

    operator, gates, states = "lstm", 4, 2


class GRU(RNNBase):
    """Gated recurrent units; the state is h.

    Reference: Cho et al. 2014, arXiv:1406.1078.
    """

    operator, gates, states = "gru", 3, 1


class RNN(RNNBase):
    """Elman network with tanh or relu; the state is h.

    Reference: Elman, Finding structure in time, 1990.
    """

    operator, gates, states = "rnn", 1, 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        dtype: Any = torch.int8,
    ) -> None:
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, dtype)
        self.nonlinearity = nonlinearity

    @classmethod
    def _extra(cls, mod: Any) -> dict[str, Any]:
        return {"nonlinearity": mod.nonlinearity}

    def extra_repr(self) -> str:
        """Show the arguments that differ from the default."""
        text = super().extra_repr()
        return text if self.nonlinearity == "tanh" else f"{text}, nonlinearity={self.nonlinearity}"
