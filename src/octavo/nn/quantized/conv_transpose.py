"""Transposed convolutions in 8 bits."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.modules.utils import _ntuple

from octavo.nn.folding import conv_of, float_weight_bias
from octavo.nn.qtensor import QTensor
from octavo.nn.quantized.conv import _ConvNd
from octavo.numerics import by_output_channel
from octavo.program import Value
from octavo.program.build import ProgramBuilder


class _ConvTransposeNd(_ConvNd):
    """Convolve transposed in 8 bits; arguments as those of the float module, `padding_mode` "zeros".

    Shape: x [n, in_channels, …], y [n, out_channels, …].

    Attributes:
        qweight: [out_channels, in_channels / groups, …kernel] int8: by output channel, as each has a scale.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
        output_padding: Any = 0, groups: int = 1, bias: bool = True, dilation: Any = 1, padding_mode: str = "zeros",
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        if padding_mode != "zeros":
            raise ValueError(f"padding_mode: got {padding_mode!r}, expected 'zeros' for {type(self).__name__}")
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)
        self.output_padding = _ntuple(self.axes)(output_padding)

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> Any:
        """Make one of a calibrated module."""
        weight, bias = float_weight_bias(mod)
        conv = conv_of(mod)
        layer = cls(
            conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding, conv.output_padding,
            conv.groups, bias is not None, conv.dilation,
        )  # fmt: skip
        layer.take(mod, by_output_channel(weight, conv.groups), bias)
        return layer

    def set_weight_bias(self, w: QTensor, b: Tensor | None) -> None:
        """Replace weight and bias.

        Args:
            w: a QTensor of int8, symmetric, [in_channels, out_channels / groups, …]: per tensor, or without groups per
                channel of axis 1.
            b: [out_channels] float32, or None.
        """
        self.store(by_output_channel(w.int_repr(), self.groups), w.qparams.scale, b)

    def weight(self) -> QTensor:
        """Return the weight: without groups [in_channels, out_channels, …], per channel of axis 1, else qweight."""
        q = super().weight()
        if self.groups > 1:
            return q
        return QTensor(q.int_repr().transpose(0, 1), self.weight_scale, q.q_per_channel_zero_points(), 1)

    def emit(self, builder: ProgramBuilder, inputs: list[str], values: list[Value]) -> list[str]:
        """Append the transposed convolution."""
        attributes = {
            "stride": self.stride, "padding": self.pairs(), "output_padding": self.output_padding,
            "dilation": self.dilation, "groups": self.groups,
        }  # fmt: skip
        constants = self.layer_constants(values[0])
        constants["weight"] = by_output_channel(torch.from_numpy(constants["weight"]), self.groups).contiguous().numpy()
        return [builder.emit("conv_transpose", inputs, "y", self.output_value, attributes, constants)]

    def extra_repr(self) -> str:
        """Show sizes and qparams, those that differ from the default."""
        text = super().extra_repr()
        return text if not any(self.output_padding) else f"{text}, output_padding={self.output_padding}"


class ConvTranspose1d(_ConvTransposeNd):
    """Convolve [n, c, l] transposed, in 8 bits."""

    axes = 1


class ConvTranspose2d(_ConvTransposeNd):
    """Convolve [n, c, h, w] transposed, in 8 bits."""

    axes = 2


class ConvTranspose3d(_ConvTransposeNd):
    """Convolve [n, c, d, h, w] transposed, in 8 bits."""

    axes = 3
