"""Ready-made mappings."""

from __future__ import annotations

from octavo.observers import (
    EntropyObserver,
    HistogramObserver,
    MinMaxObserver,
    ObserverFactory,
    PercentileObserver,
    PerChannelMinMaxObserver,
    PerChannelMSEObserver,
    SaturationObserver,
)
from octavo.qconfig.mapping import QConfigMapping
from octavo.qconfig.qconfig import QConfig

STATIC_OBSERVERS = {
    "histogram": HistogramObserver,
    "min_max": MinMaxObserver,
    "percentile": PercentileObserver,
    "entropy": EntropyObserver,
    "saturation": SaturationObserver,
}
"""Name → what estimates the range of an activation: of least squared error, all that was seen, all but 0.01 % of it, of
least Kullback-Leibler divergence, or the best of those that grow from the most frequent value."""


WEIGHT_OBSERVERS = {"min_max": PerChannelMinMaxObserver, "squared_error": PerChannelMSEObserver}
"""Name → what chooses the range of a weight: the greatest magnitude of each channel, or that of least squared error."""


def weight_factory(weight_range: str = "min_max", bits: int = 8) -> ObserverFactory:
    """Make observers of weights per output channel, symmetric int8 in ±(2^(bits − 1) − 1).

    Args:
        weight_range: a name of WEIGHT_OBSERVERS.
        bits: 2 to 8; those that are not used are 0 or, of negative numbers, 1.
    """
    most = 2 ** (bits - 1) - 1
    return WEIGHT_OBSERVERS[weight_range].with_args(
        dtype="int8", qscheme="per_channel_symmetric", quant_min=-most, quant_max=most
    )


def default_static(observer: str = "histogram", weight: ObserverFactory | None = None) -> QConfigMapping:
    """Map every layer to per-tensor uint8 activations and symmetric int8 weights per output channel.

    Args:
        observer: of the activations, a name of STATIC_OBSERVERS.
        weight: makes the observers of weights; None for `weight_factory()`.
    """
    activation = STATIC_OBSERVERS[observer].with_args(dtype="uint8", qscheme="per_tensor_affine")
    return QConfigMapping().set_global(QConfig(activation, weight or weight_factory()))
