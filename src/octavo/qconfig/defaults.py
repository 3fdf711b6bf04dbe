"""QConfigs that people know by name.

All use full 8-bit ranges, where torch.ao uses 7 bits for the activations of `default_qconfig`,
`default_per_channel_qconfig` and `default_qat_qconfig`. Weights are symmetric int8
in [−127, 127]; those of torch.ao begin at −128.
"""

from __future__ import annotations

from torch import nn

from octavo.fake_quantize import (
    FusedMovingAvgObsFakeQuantize,
    default_dynamic_fake_quant,
    default_embedding_fake_quant,
    default_fake_quant,
    default_fused_act_fake_quant,
    default_fused_wt_fake_quant,
    default_weight_fake_quant,
    fused_per_channel_wt_fake_quant_range_neg_127_to_127,
    fused_wt_fake_quant_range_neg_127_to_127,
)
from octavo.observers import (
    HistogramObserver,
    MinMaxObserver,
    MovingAverageMinMaxObserver,
    NoopObserver,
    PlaceholderObserver,
    default_debug_observer,
    default_dynamic_quant_observer,
    default_float_qparams_observer,
    default_observer,
    default_per_channel_weight_observer,
    default_placeholder_observer,
    default_reuse_input_observer,
    default_weight_observer,
    per_channel_weight_observer_range_neg_127_to_127,
    weight_observer_range_neg_127_to_127,
)
from octavo.qconfig.qconfig import QConfig

default_qconfig = QConfig(default_observer, default_weight_observer)
"""Activations over all that was seen, weights per tensor."""

default_debug_qconfig = QConfig(default_debug_observer, default_weight_observer)
"""Every activation kept, for debugging."""

default_per_channel_qconfig = QConfig(default_observer, default_per_channel_weight_observer)
"""Activations over all that was seen, weights per output channel."""

default_dynamic_qconfig = QConfig(default_dynamic_quant_observer, default_weight_observer)
"""Dynamic, weights per tensor."""

per_channel_dynamic_qconfig = QConfig(default_dynamic_quant_observer, default_per_channel_weight_observer)
"""Dynamic, weights per output channel."""

float16_dynamic_qconfig = QConfig(
    PlaceholderObserver.with_args(dtype="float16", is_dynamic=True), PlaceholderObserver.with_args(dtype="float16")
)
"""Dynamic with float16 weights: an error where it is used, for there are kernels for 8 bits and float32 alone."""

float16_static_qconfig = QConfig(
    PlaceholderObserver.with_args(dtype="float16"), PlaceholderObserver.with_args(dtype="float16")
)
"""Float16 throughout: an error where it is used, as `float16_dynamic_qconfig`."""

float_qparams_weight_only_qconfig = QConfig(default_placeholder_observer, default_float_qparams_observer)
"""Embeddings: rows with a scale and a real zero_point."""

default_quint8_weight_qconfig = QConfig(HistogramObserver, MinMaxObserver)
"""Weights that are uint8, per tensor and affine, as those of PReLU."""

default_qat_qconfig = QConfig(default_fake_quant, default_weight_fake_quant)
"""Training: moving averages, weights per tensor."""

default_qat_qconfig_v2 = QConfig(default_fused_act_fake_quant, default_fused_wt_fake_quant)
"""`default_qat_qconfig` by its other name."""

default_dynamic_qat_qconfig = QConfig(default_dynamic_fake_quant, default_weight_fake_quant)
"""Training for dynamic quantization."""

default_weight_only_qconfig = QConfig(nn.Identity, default_weight_fake_quant)
"""Training with weights in 8 bits, activations in float."""

default_activation_only_qconfig = QConfig(default_fake_quant, nn.Identity)
"""Training with activations in 8 bits, weights in float."""

default_embedding_qat_qconfig = QConfig(NoopObserver.with_args(dtype="float32"), default_embedding_fake_quant)
"""Training of embeddings."""

default_reuse_input_qconfig = QConfig(default_reuse_input_observer, NoopObserver)
"""The qparams of the operator's input, as for a reshape."""

_SIGNED = HistogramObserver.with_args(dtype="int8", eps=2**-12)
_SIGNED_QAT = FusedMovingAvgObsFakeQuantize.with_args(
    observer=MovingAverageMinMaxObserver, quant_min=-128, quant_max=127, dtype="int8", eps=2**-12
)

default_symmetric_qnnpack_qconfig = QConfig(_SIGNED, weight_observer_range_neg_127_to_127)
"""Signed activations of least squared error, weights per tensor."""

default_per_channel_symmetric_qnnpack_qconfig = QConfig(_SIGNED, per_channel_weight_observer_range_neg_127_to_127)
"""Signed activations of least squared error, weights per output channel."""

default_symmetric_qnnpack_qat_qconfig = QConfig(_SIGNED_QAT, fused_wt_fake_quant_range_neg_127_to_127)
"""Training with signed activations, weights per tensor."""

default_per_channel_symmetric_qnnpack_qat_qconfig = QConfig(
    _SIGNED_QAT, fused_per_channel_wt_fake_quant_range_neg_127_to_127
)
"""Training with signed activations, weights per output channel."""
