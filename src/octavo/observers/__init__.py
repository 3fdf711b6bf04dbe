"""Range estimators: each watches a tensor over many batches and chooses qparams for it."""

from octavo.observers.base import Observer, ObserverFactory
from octavo.observers.histogram import HistogramObserver
from octavo.observers.min_max import MinMaxObserver
from octavo.observers.moving_average import MovingAverageMinMaxObserver
from octavo.observers.per_channel import PerChannelMinMaxObserver

__all__ = [
    "HistogramObserver",
    "MinMaxObserver",
    "MovingAverageMinMaxObserver",
    "Observer",
    "ObserverFactory",
    "PerChannelMinMaxObserver",
]
