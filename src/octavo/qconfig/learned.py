"""QConfigs of training whose scales are trained with the weights."""

from __future__ import annotations

from octavo.fake_quantize import LearnedFakeQuantize
from octavo.observers import MinMaxObserver, PerChannelMinMaxObserver, UniformQuantizationObserverBase
from octavo.qconfig.backends import check_backend
from octavo.qconfig.qconfig import QConfig


def get_lsq_qat_qconfig(
    backend: str = "x86",
    learn_zero_point: bool = False,
    observer: type[UniformQuantizationObserverBase] = MinMaxObserver,
) -> QConfig:
    """Return the QConfig of training with learned scales, for `prepare_qat`.

    The first batch sets each scale from the range that it sees, then the optimizer moves it. Make the optimizer after
    `prepare_qat`: the scales are parameters, named `…activation_post_process.scale` and `…weight_fake_quant.scale`;
    they need no weight decay.

    Args:
        backend: `"x86"`, `"fbgemm"` and `"onednn"` have a scale for each output channel of a weight, `"qnnpack"` one.
        learn_zero_point: whether zero_points of activations are trained too.
        observer: of the first range of activations.

    Raises:
        ValueError: there is no such backend.

    Reference: Esser et al., "Learned Step Size Quantization", 2020, arXiv:1902.08153, section 2; Bhalgat et al.,
        "LSQ+", 2020, arXiv:2004.09576, section 3.
    """
    check_backend("get_lsq_qat_qconfig", backend)
    activation = LearnedFakeQuantize.with_args(
        observer=observer, dtype="uint8", quant_min=0, quant_max=255, learn_zero_point=learn_zero_point
    )
    symmetric = {"dtype": "int8", "quant_min": -127, "quant_max": 127, "sync": False}
    if backend == "qnnpack":
        weight = LearnedFakeQuantize.with_args(observer=MinMaxObserver, qscheme="per_tensor_symmetric", **symmetric)
    else:
        weight = LearnedFakeQuantize.with_args(
            observer=PerChannelMinMaxObserver, qscheme="per_channel_symmetric", ch_axis=0, **symmetric
        )
    return QConfig(activation, weight)


default_lsq_qconfig = get_lsq_qat_qconfig()
"""Training with learned scales, weights per output channel."""
