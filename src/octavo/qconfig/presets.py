"""Ready-made mappings."""

from __future__ import annotations

from octavo.observers import HistogramObserver, MinMaxObserver, PerChannelMinMaxObserver
from octavo.qconfig.mapping import QConfigMapping
from octavo.qconfig.qconfig import QConfig

_WEIGHT = PerChannelMinMaxObserver.with_args(
    dtype="int8", qscheme="per_channel_symmetric", quant_min=-127, quant_max=127
)


def default_static() -> QConfigMapping:
    """Map every layer to uint8 activations of least squared error and symmetric int8 weights per output channel."""
    activation = HistogramObserver.with_args(dtype="uint8", qscheme="per_tensor_affine")
    return QConfigMapping().set_global(QConfig(activation, _WEIGHT))


def min_max_static() -> QConfigMapping:
    """Map every layer to uint8 activations over all that was seen and symmetric int8 weights per output channel."""
    activation = MinMaxObserver.with_args(dtype="uint8", qscheme="per_tensor_affine")
    return QConfigMapping().set_global(QConfig(activation, _WEIGHT))
