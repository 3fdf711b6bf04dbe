"""Linear layers in training for dynamic quantization: x is rounded to the range that it arrives with."""

from __future__ import annotations

from typing import Any

from octavo.nn.qat.linear import Linear as StaticLinear
from octavo.qconfig import is_dynamic


class Linear(StaticLinear):
    """Compute `y = x · fq(weight)ᵀ + bias`; `prepare_qat` rounds x before it, `convert` makes it dynamic.

    Args:
        in_features, out_features, bias, device, dtype: as of `nn.Linear`.
        qconfig: its activation factory makes a fake-quantize with is_dynamic.

    Raises:
        ValueError: it makes another one.
    """

    def attach(self, qconfig: Any) -> None:
        """Make the weight's fake-quantize."""
        if qconfig and not is_dynamic(qconfig):
            raise ValueError(
                "qat.dynamic.Linear: the qconfig's activation keeps one range for all tensors, expected one range for "
                "each. Remedy: default_dynamic_qat_qconfig, or FakeQuantize.with_args(is_dynamic=True, …)"
            )
        super().attach(qconfig)
