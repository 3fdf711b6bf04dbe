"""Ready-made mappings."""

from __future__ import annotations

from octavo.observers import (
    EntropyObserver,
    HistogramObserver,
    MinMaxObserver,
    PercentileObserver,
    PerChannelMinMaxObserver,
)
from octavo.qconfig.mapping import QConfigMapping
from octavo.qconfig.qconfig import QConfig

_WEIGHT = PerChannelMinMaxObserver.with_args(
    dtype="int8", qscheme="per_channel_symmetric", quant_min=-127, quant_max=127
)

STATIC_OBSERVERS = {
    "histogram": HistogramObserver,
    "min_max": MinMaxObserver,
    "percentile": PercentileObserver,
    "entropy": EntropyObserver,
}
"""Name → what estimates the range of an activation: of least squared error, all that was seen, all but 0.01 % of it, or
of least Kullback-Leibler divergence."""


def default_static(observer: str = "histogram") -> QConfigMapping:
    """Map every layer to per-tensor uint8 activations and symmetric int8 weights per output channel.

    Args:
        observer: of the activations, a name of STATIC_OBSERVERS.
    """
    activation = STATIC_OBSERVERS[observer].with_args(dtype="uint8", qscheme="per_tensor_affine")
    return QConfigMapping().set_global(QConfig(activation, _WEIGHT))
