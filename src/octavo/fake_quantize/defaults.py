"""Fake-quantize modules with the settings that people know by name.

All use full 8-bit ranges (torch.ao reduces those of `default_fake_quant` and `default_histogram_fake_quant` to 7 bits).
Weights are symmetric int8 in [−127, 127] (torch.ao: from −128) and take the range of the weight as it is at each step
(averaging_constant 1, as torch.ao describes but does not set); they are equal on all ranks, so nothing is shared.
"""

from __future__ import annotations

from octavo.fake_quantize.fake_quantize import FakeQuantize
from octavo.fake_quantize.fixed import FixedQParamsFakeQuantize
from octavo.fake_quantize.fused import FusedMovingAvgObsFakeQuantize
from octavo.observers import (
    HistogramObserver,
    MovingAverageMinMaxObserver,
    MovingAveragePerChannelMinMaxObserver,
    default_fixed_qparams_range_0to1_observer,
    default_fixed_qparams_range_neg1to1_observer,
)

default_fake_quant = FakeQuantize.with_args(
    observer=MovingAverageMinMaxObserver, quant_min=0, quant_max=255, dtype="uint8", qscheme="per_tensor_affine"
)
"""Activations with a moving average: uint8 in [0, 255] (torch.ao: [0, 127])."""

default_histogram_fake_quant = FakeQuantize.with_args(
    observer=HistogramObserver, quant_min=0, quant_max=255, dtype="uint8", qscheme="per_tensor_affine"
)
"""Activations of least squared error: uint8 in [0, 255] (torch.ao: [0, 127]). Slow in training."""

default_dynamic_fake_quant = FakeQuantize.with_args(
    observer=MovingAverageMinMaxObserver,
    quant_min=0,
    quant_max=255,
    is_dynamic=True,
    dtype="uint8",
    averaging_constant=1,
    sync=False,
)
"""Activations whose qparams are chosen for each tensor, in eval too."""

default_weight_fake_quant = FakeQuantize.with_args(
    observer=MovingAverageMinMaxObserver,
    quant_min=-127,
    quant_max=127,
    dtype="int8",
    qscheme="per_tensor_symmetric",
    averaging_constant=1,
    sync=False,
)
"""Weights per tensor: symmetric int8 in [−127, 127] (torch.ao: [−128, 127])."""

default_per_channel_weight_fake_quant = FakeQuantize.with_args(
    observer=MovingAveragePerChannelMinMaxObserver,
    quant_min=-127,
    quant_max=127,
    dtype="int8",
    qscheme="per_channel_symmetric",
    ch_axis=0,
    averaging_constant=1,
    sync=False,
)
"""Weights per output channel: symmetric int8 in [−127, 127] (torch.ao: [−128, 127])."""

default_embedding_fake_quant = FakeQuantize.with_args(
    observer=MovingAveragePerChannelMinMaxObserver,
    quant_min=0,
    quant_max=255,
    dtype="uint8",
    qscheme="per_channel_affine_float_qparams",
    ch_axis=0,
    averaging_constant=1,
    sync=False,
)
"""Embeddings: each row with a scale and a real zero_point, uint8."""

default_fused_act_fake_quant = FusedMovingAvgObsFakeQuantize.with_args(
    observer=MovingAverageMinMaxObserver, quant_min=0, quant_max=255, dtype="uint8"
)
"""`default_fake_quant` by its other name."""

default_fused_wt_fake_quant = FusedMovingAvgObsFakeQuantize.with_args(**default_weight_fake_quant.settings)
"""`default_weight_fake_quant` by its other name."""

default_fused_per_channel_wt_fake_quant = FusedMovingAvgObsFakeQuantize.with_args(
    **default_per_channel_weight_fake_quant.settings
)
"""`default_per_channel_weight_fake_quant` by its other name."""

fused_wt_fake_quant_range_neg_127_to_127 = default_fused_wt_fake_quant
"""The same; with torch.ao too the range is [−127, 127], and eps is 2⁻¹²."""

fused_per_channel_wt_fake_quant_range_neg_127_to_127 = default_fused_per_channel_wt_fake_quant
"""The same; with torch.ao too the range is [−127, 127], and eps is 2⁻¹²."""

default_fixed_qparams_range_neg1to1_fake_quant = FixedQParamsFakeQuantize.with_args(
    observer=default_fixed_qparams_range_neg1to1_observer
)
"""What lies in [−1, 1], as the output of tanh."""

default_fixed_qparams_range_0to1_fake_quant = FixedQParamsFakeQuantize.with_args(
    observer=default_fixed_qparams_range_0to1_observer
)
"""What lies in [0, 1], as the output of sigmoid or softmax."""

default_symmetric_fixed_qparams_fake_quant = default_fixed_qparams_range_neg1to1_fake_quant
default_affine_fixed_qparams_fake_quant = default_fixed_qparams_range_0to1_fake_quant
