"""Range estimators: each watches a tensor over many batches and chooses qparams for it."""

from octavo.observers.base import ObserverBase
from octavo.observers.defaults import (
    default_affine_fixed_qparams_observer,
    default_debug_observer,
    default_dynamic_quant_observer,
    default_fixed_qparams_range_0to1_observer,
    default_fixed_qparams_range_neg1to1_observer,
    default_float_qparams_observer,
    default_histogram_observer,
    default_observer,
    default_per_channel_weight_observer,
    default_placeholder_observer,
    default_reuse_input_observer,
    default_symmetric_fixed_qparams_observer,
    default_weight_observer,
    per_channel_weight_observer_range_neg_127_to_127,
    weight_observer_range_neg_127_to_127,
)
from octavo.observers.entropy import EntropyObserver
from octavo.observers.factory import ObserverFactory
from octavo.observers.fixed import FixedQParamsObserver
from octavo.observers.histogram import HistogramObserver
from octavo.observers.min_max import MinMaxObserver
from octavo.observers.moving_average import MovingAverageMinMaxObserver, MovingAveragePerChannelMinMaxObserver
from octavo.observers.observer import Observer
from octavo.observers.per_channel import PerChannelMinMaxObserver
from octavo.observers.percentile import PercentileObserver
from octavo.observers.placeholder import NoopObserver, PlaceholderObserver, ReuseInputObserver
from octavo.observers.recording import RecordingObserver
from octavo.observers.saturation import SaturationObserver
from octavo.observers.squared_error import PerChannelMSEObserver
from octavo.observers.state import get_observer_state_dict, load_observer_state_dict
from octavo.observers.sync import is_distributed, sync_observers
from octavo.observers.uniform import UniformQuantizationObserverBase

__all__ = [
    "EntropyObserver",
    "FixedQParamsObserver",
    "HistogramObserver",
    "MinMaxObserver",
    "MovingAverageMinMaxObserver",
    "MovingAveragePerChannelMinMaxObserver",
    "NoopObserver",
    "Observer",
    "ObserverBase",
    "ObserverFactory",
    "PerChannelMSEObserver",
    "PerChannelMinMaxObserver",
    "PercentileObserver",
    "PlaceholderObserver",
    "RecordingObserver",
    "ReuseInputObserver",
    "SaturationObserver",
    "UniformQuantizationObserverBase",
    "default_affine_fixed_qparams_observer",
    "default_debug_observer",
    "default_dynamic_quant_observer",
    "default_fixed_qparams_range_0to1_observer",
    "default_fixed_qparams_range_neg1to1_observer",
    "default_float_qparams_observer",
    "default_histogram_observer",
    "default_observer",
    "default_per_channel_weight_observer",
    "default_placeholder_observer",
    "default_reuse_input_observer",
    "default_symmetric_fixed_qparams_observer",
    "default_weight_observer",
    "get_observer_state_dict",
    "is_distributed",
    "load_observer_state_dict",
    "per_channel_weight_observer_range_neg_127_to_127",
    "sync_observers",
    "weight_observer_range_neg_127_to_127",
]
