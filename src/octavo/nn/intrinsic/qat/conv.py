"""Convolutions with batch norm, ReLU or both, in training for 8 bits."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from torch import Tensor, nn

from octavo.nn import intrinsic
from octavo.nn.intrinsic.qat.batch_norm import FoldedBatchNorm
from octavo.nn.qat import conv as qat
from octavo.nn.qat.conv import conv_arguments
from octavo.nn.qat.weight import qconfig_of

_NORMS = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}


class _ConvBnNd(FoldedBatchNorm):
    """Convolve, normalize and perhaps rectify.

    Args:
        in_channels, …, padding_mode: as of the float convolution.
        eps, momentum: of the batch norm.
        freeze_bn: whether its statistics are held.
        qconfig: its weight factory makes the fake-quantize.
    """

    fused_class: ClassVar[type[nn.Module]]
    float_class: ClassVar[type[nn.Module]]
    axes: ClassVar[int]

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
        dilation: Any = 1, groups: int = 1, bias: bool | None = None, padding_mode: str = "zeros",
        eps: float = 1e-5, momentum: float = 0.1, freeze_bn: bool = False, qconfig: Any = None,
    ) -> None:  # fmt: skip
        cast(Any, self.float_class).__init__(
            self, in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bool(bias), padding_mode
        )
        self.attach(qconfig)
        self.attach_norm(_NORMS[self.axes](out_channels, eps, momentum))
        if freeze_bn:
            self.freeze_bn_stats()

    def layer(self, input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Compute the float convolution."""
        return self._conv_forward(input, weight, bias)  # type: ignore[attr-defined]

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> Any:
        """Make one that shares the parameters and statistics of a fused float module."""
        qconfig = qconfig_of(mod, cls.fused_class)
        conv, norm = mod[0], mod[1]
        layer: Any = cls(*conv_arguments(conv), eps=norm.eps, momentum=norm.momentum, qconfig=qconfig)
        layer.attach_norm(norm)
        layer.take(conv, mod)
        return layer

    def to_float(self) -> Any:
        """Return the float convolution with batch norm folded in, and its ReLU where it has one."""
        conv: Any = self.float_class(*conv_arguments(self)[:-2], True, self.padding_mode)  # type: ignore[attr-defined]
        weight, bias = self.folded_weight_bias()
        conv.weight = nn.Parameter(weight)
        conv.bias = nn.Parameter(bias) if bias is not None else None
        if not self.rectified:
            return conv.train(self.training)
        fused = {1: intrinsic.ConvReLU1d, 2: intrinsic.ConvReLU2d, 3: intrinsic.ConvReLU3d}[self.axes]
        return fused(conv, nn.ReLU()).train(self.training)


class ConvBn1d(_ConvBnNd, nn.Conv1d):
    """Train Conv1d and batch norm as one layer."""

    fused_class, float_class, axes = intrinsic.ConvBn1d, nn.Conv1d, 1


class ConvBn2d(_ConvBnNd, nn.Conv2d):
    """Train Conv2d and batch norm as one layer."""

    fused_class, float_class, axes = intrinsic.ConvBn2d, nn.Conv2d, 2


class ConvBn3d(_ConvBnNd, nn.Conv3d):
    """Train Conv3d and batch norm as one layer."""

    fused_class, float_class, axes = intrinsic.ConvBn3d, nn.Conv3d, 3


class ConvBnReLU1d(ConvBn1d):
    """Train Conv1d, batch norm and ReLU as one layer."""

    fused_class, rectified = intrinsic.ConvBnReLU1d, True


class ConvBnReLU2d(ConvBn2d):
    """Train Conv2d, batch norm and ReLU as one layer."""

    fused_class, rectified = intrinsic.ConvBnReLU2d, True


class ConvBnReLU3d(ConvBn3d):
    """Train Conv3d, batch norm and ReLU as one layer."""

    fused_class, rectified = intrinsic.ConvBnReLU3d, True


class _ConvReLUNd(qat._ConvNd):
    fused_class: ClassVar[type[nn.Module]]
    rectified = True

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> Any:
        """Make one that shares the parameters of a fused float module."""
        qconfig = qconfig_of(mod, cls.fused_class)
        layer = cls(*conv_arguments(mod[0]), qconfig=qconfig)
        layer.take(mod[0], mod)
        return layer

    def to_float(self) -> Any:
        """Return the fused float module."""
        return self.fused_class(super().to_float(), nn.ReLU()).train(self.training)


class ConvReLU1d(_ConvReLUNd, qat.Conv1d):
    """Train Conv1d and ReLU as one layer."""

    fused_class = intrinsic.ConvReLU1d


class ConvReLU2d(_ConvReLUNd, qat.Conv2d):
    """Train Conv2d and ReLU as one layer."""

    fused_class = intrinsic.ConvReLU2d


class ConvReLU3d(_ConvReLUNd, qat.Conv3d):
    """Train Conv3d and ReLU as one layer."""

    fused_class = intrinsic.ConvReLU3d
