"""Linear layers with batch norm or ReLU, in training for 8 bits."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from octavo.nn import intrinsic, qat
from octavo.nn.intrinsic.qat.batch_norm import FoldedBatchNorm
from octavo.nn.qat.weight import qconfig_of


class LinearReLU(qat.Linear):
    """Train Linear and ReLU as one layer."""

    rectified = True

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> LinearReLU:
        """Make one that shares the parameters of a fused float module."""
        qconfig = qconfig_of(mod, intrinsic.LinearReLU)
        layer = cls(mod[0].in_features, mod[0].out_features, mod[0].bias is not None, qconfig)
        layer.take(mod[0], mod)
        return layer

    def to_float(self) -> Any:
        """Return the fused float module."""
        return intrinsic.LinearReLU(super().to_float(), nn.ReLU()).train(self.training)


class LinearBn1d(FoldedBatchNorm, nn.Linear):
    """Train Linear and batch norm as one layer.

    Args:
        in_features, out_features, bias: as of `nn.Linear`.
        eps, momentum: of the batch norm.
        freeze_bn: whether its statistics are held.
        qconfig: its weight factory makes the fake-quantize.
    """

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, eps: float = 1e-5, momentum: float = 0.1,
        freeze_bn: bool = False, qconfig: Any = None,
    ) -> None:  # fmt: skip
        nn.Linear.__init__(self, in_features, out_features, bias)
        self.attach(qconfig)
        self.attach_norm(nn.BatchNorm1d(out_features, eps, momentum))
        if freeze_bn:
            self.freeze_bn_stats()

    def layer(self, input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Compute the float layer; input [n, in_features]."""
        return F.linear(input, weight, bias)

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> LinearBn1d:
        """Make one that shares the parameters and statistics of a fused float module."""
        qconfig = qconfig_of(mod, intrinsic.LinearBn1d)
        linear, norm = mod[0], mod[1]
        layer = cls(linear.in_features, linear.out_features, linear.bias is not None, qconfig=qconfig)
        layer.attach_norm(norm)
        layer.take(linear, mod)
        return layer

    def to_float(self) -> nn.Linear:
        """Return the float layer with batch norm folded in."""
        layer = nn.Linear(self.in_features, self.out_features)
        weight, bias = self.folded_weight_bias()
        assert bias is not None
        layer.weight, layer.bias = nn.Parameter(weight), nn.Parameter(bias)
        return layer.train(self.training)
