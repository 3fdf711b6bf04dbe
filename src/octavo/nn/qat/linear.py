"""Linear layers in training for 8 bits."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from octavo.nn.qat.weight import FakeQuantizedWeight, qconfig_of


class Linear(FakeQuantizedWeight, nn.Linear):
    """Compute `y = x · fq(weight)ᵀ + bias`.

    Args:
        in_features, out_features, bias, device, dtype: as of `nn.Linear`.
        qconfig: its weight factory makes the fake-quantize.
    """

    ch_axis = -1

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, qconfig: Any = None, device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        nn.Linear.__init__(self, in_features, out_features, bias, device, dtype)
        self.attach(qconfig)

    def forward(self, input: Tensor) -> Tensor:
        """Compute the layer with the weight rounded."""
        return self.computed(input, self.weight, self.bias)

    def layer(self, input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Compute the float layer."""
        return F.linear(input, weight, bias)

    @classmethod
    def from_float(cls, mod: nn.Module, use_precomputed_fake_quant: bool = False) -> Linear:
        """Make one that shares the parameters of a float layer."""
        qconfig = qconfig_of(mod, nn.Linear)
        assert isinstance(mod, nn.Linear)
        layer = cls(mod.in_features, mod.out_features, mod.bias is not None, qconfig)
        layer.take(mod, mod)
        return layer

    def to_float(self) -> nn.Linear:
        """Return the float layer."""
        layer: Any = nn.Linear(self.in_features, self.out_features, self.bias is not None)
        layer.weight, layer.bias = self.weight, self.bias
        return layer.train(self.training)
