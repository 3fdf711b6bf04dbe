"""Observers with the settings that people know by name.

All use full 8-bit ranges: `default_observer` and `default_histogram_observer` reach 255 (torch.ao: 127). Weights are
symmetric int8 in [−127, 127] (torch.ao: from −128, with a scale of max/127.5), and eps is as small as float32 allows
(torch.ao: 2⁻²³, or 2⁻¹² for the ranges from −127).
"""

from __future__ import annotations

from octavo.observers.fixed import FixedQParamsObserver
from octavo.observers.histogram import HistogramObserver
from octavo.observers.min_max import MinMaxObserver
from octavo.observers.per_channel import PerChannelMinMaxObserver
from octavo.observers.placeholder import PlaceholderObserver, ReuseInputObserver
from octavo.observers.recording import RecordingObserver

default_observer = MinMaxObserver.with_args(dtype="uint8", qscheme="per_tensor_affine")
"""Activations over all that was seen: uint8 in [0, 255] (torch.ao: [0, 127])."""

default_histogram_observer = HistogramObserver.with_args(dtype="uint8", qscheme="per_tensor_affine")
"""Activations of least squared error: uint8 in [0, 255] (torch.ao: [0, 127])."""

default_placeholder_observer = PlaceholderObserver
"""A tensor that stays in float."""

default_debug_observer = RecordingObserver
"""Every tensor, kept."""

default_reuse_input_observer = ReuseInputObserver
"""The qparams of the operator's input."""

default_weight_observer = MinMaxObserver.with_args(
    dtype="int8", qscheme="per_tensor_symmetric", quant_min=-127, quant_max=127
)
"""Weights per tensor: symmetric int8 in [−127, 127] (torch.ao: [−128, 127])."""

weight_observer_range_neg_127_to_127 = default_weight_observer
"""The same; with torch.ao too the range is [−127, 127], and eps is 2⁻¹²."""

default_per_channel_weight_observer = PerChannelMinMaxObserver.with_args(
    dtype="int8", qscheme="per_channel_symmetric", quant_min=-127, quant_max=127
)
"""Weights per output channel: symmetric int8 in [−127, 127] (torch.ao: [−128, 127])."""

per_channel_weight_observer_range_neg_127_to_127 = default_per_channel_weight_observer
"""The same; with torch.ao too the range is [−127, 127], and eps is 2⁻¹²."""

default_dynamic_quant_observer = PlaceholderObserver.with_args(
    dtype="uint8", quant_min=0, quant_max=255, is_dynamic=True
)
"""Activations whose qparams are chosen for each tensor when the model runs."""

default_float_qparams_observer = PerChannelMinMaxObserver.with_args(
    dtype="uint8", qscheme="per_channel_affine_float_qparams", ch_axis=0
)
"""Embeddings: each row with a scale and a real zero_point, uint8."""

default_fixed_qparams_range_neg1to1_observer = FixedQParamsObserver.with_args(
    scale=2.0 / 256.0, zero_point=128, dtype="uint8", quant_min=0, quant_max=255
)
"""What lies in [−1, 1], as the output of tanh."""

default_fixed_qparams_range_0to1_observer = FixedQParamsObserver.with_args(
    scale=1.0 / 256.0, zero_point=0, dtype="uint8", quant_min=0, quant_max=255
)
"""What lies in [0, 1], as the output of sigmoid or softmax."""

default_symmetric_fixed_qparams_observer = default_fixed_qparams_range_neg1to1_observer
default_affine_fixed_qparams_observer = default_fixed_qparams_range_0to1_observer
