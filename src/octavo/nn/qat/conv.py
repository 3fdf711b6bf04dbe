"""Convolutions in training for 8 bits."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from torch import Tensor, nn

from octavo.nn.qat.weight import FakeQuantizedWeight, qconfig_of


class _ConvNd(FakeQuantizedWeight):
    """Convolve with the weight rounded; arguments as those of the float module, and qconfig."""

    float_class: ClassVar[type[nn.Module]]

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
        dilation: Any = 1, groups: int = 1, bias: bool = True, padding_mode: str = "zeros", qconfig: Any = None,
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        cast(Any, self.float_class).__init__(
            self, in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode,
            device, dtype,
        )  # fmt: skip
        self.attach(qconfig)

    def forward(self, input: Tensor) -> Tensor:
        """Convolve."""
        return self.computed(input, self.weight, self.bias)

    def layer(self, input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Compute the float convolution."""
        return self._conv_forward(input, weight, bias)  # type: ignore[attr-defined]

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> Any:
        """Make one that shares the parameters of a float layer."""
        qconfig = qconfig_of(mod, cls.float_class)
        layer = cls(*conv_arguments(mod), qconfig=qconfig)
        layer.take(mod, mod)
        return layer

    def to_float(self) -> Any:
        """Return the float layer."""
        layer: Any = self.float_class(*conv_arguments(self))
        layer.weight, layer.bias = self.weight, self.bias
        return layer.train(self.training)  # type: ignore[attr-defined]


def conv_arguments(conv: Any) -> tuple[Any, ...]:
    """Return the arguments that make a convolution like this one, `in_channels` to `padding_mode`."""
    return (
        conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding, conv.dilation, conv.groups,
        conv.bias is not None, conv.padding_mode,
    )  # fmt: skip


class Conv1d(_ConvNd, nn.Conv1d):
    """Convolve [n, c, l] with the weight rounded."""

    float_class = nn.Conv1d


class Conv2d(_ConvNd, nn.Conv2d):
    """Convolve [n, c, h, w] with the weight rounded."""

    float_class = nn.Conv2d


class Conv3d(_ConvNd, nn.Conv3d):
    """Convolve [n, c, d, h, w] with the weight rounded."""

    float_class = nn.Conv3d
