"""Attention with static ranges, its linear layers in 8 bits."""

from __future__ import annotations

from typing import Any, NoReturn

from octavo.nn import quantizable
from octavo.nn.errors import QuantizationError
from octavo.nn.quantized.parts import parts_converted


class MultiheadAttention(quantizable.MultiheadAttention):
    """Attend with linear layers in 8 bits; arguments as `octavo.nn.quantizable.MultiheadAttention`.

    Takes and returns QTensors; the attention weights are float.
    """

    @classmethod
    def from_float(cls, other: Any) -> NoReturn:
        """Refuse: ranges come from a calibrated `octavo.nn.quantizable.MultiheadAttention`.

        Raises:
            QuantizationError: always.
        """
        raise QuantizationError(
            "nn.quantized.MultiheadAttention is made of an observed nn.quantizable.MultiheadAttention. Remedy: prepare "
            "the model, run samples through it, convert it"
        )

    @classmethod
    def from_observed(cls, other: quantizable.MultiheadAttention) -> MultiheadAttention:
        """Make one of a calibrated module."""
        converted = parts_converted(other)
        converted.__class__ = cls
        return converted

    def _get_name(self) -> str:
        return "QuantizedMultiheadAttention"
