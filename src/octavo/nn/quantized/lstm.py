"""LSTM with static ranges, in 8 bits."""

from __future__ import annotations

from typing import Any, NoReturn

from octavo.nn import quantizable
from octavo.nn.errors import QuantizationError
from octavo.nn.quantized.parts import parts_converted


class LSTM(quantizable.LSTM):
    """Walk a sequence in 8 bits, gates, states and all; arguments as `octavo.nn.quantizable.LSTM`.

    Takes and returns QTensors; float states at the start are quantized, and that is counted.
    """

    @classmethod
    def from_float(cls, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: ranges come from a calibrated `octavo.nn.quantizable.LSTM`.

        Raises:
            QuantizationError: always.
        """
        raise QuantizationError(
            "nn.quantized.LSTM is made of an observed nn.quantizable.LSTM. Remedy: prepare the model, run samples "
            "through it, convert it"
        )

    @classmethod
    def from_observed(cls, other: quantizable.LSTM) -> LSTM:
        """Make one of a calibrated module."""
        converted = parts_converted(other)
        converted.__class__ = cls
        return converted

    def _get_name(self) -> str:
        return "QuantizedLSTM"
