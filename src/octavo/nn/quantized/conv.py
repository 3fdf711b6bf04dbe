"""Convolutions in 8 bits."""

from __future__ import annotations

from typing import Any, ClassVar

import torch.nn.functional as F
from torch.nn.modules.utils import _ntuple

from octavo.nn.folding import conv_of, float_weight_bias
from octavo.nn.fused_activation import saturation
from octavo.nn.qtensor import QTensor
from octavo.nn.quantized.layer import WeightedLayer
from octavo.program import Value
from octavo.program.build import ProgramBuilder


class _ConvNd(WeightedLayer):
    """Convolve in 8 bits; arguments as those of the float module, `padding_mode` "zeros", "reflect", "replicate" or
    "circular".

    Shape: x [n, in_channels, …], y [n, out_channels, …].

    Reference: Jacob et al. 2018, arXiv:1712.05877, equation 7.
    """

    axes: ClassVar[int]  # type: ignore[assignment]
    activation: ClassVar[str | None] = None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        spread = _ntuple(self.axes)
        kernel = spread(kernel_size)
        shape = (out_channels, in_channels // groups, *kernel)
        super().__init__(shape, out_channels, bias)
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride, self.dilation = kernel, spread(stride), spread(dilation)
        self.padding = padding if isinstance(padding, str) else spread(padding)
        self.padding_mode = padding_mode

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> Any:
        """Make one of a calibrated or trained module."""
        weight, bias = float_weight_bias(mod)
        conv = conv_of(mod)
        layer = cls(
            conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding, conv.dilation,
            conv.groups, bias is not None, conv.padding_mode,
        )  # fmt: skip
        layer.take(mod, weight, bias)
        return layer

    def fixed_axes(self, index: int, rank: int) -> dict[int, int]:
        """Fix the number of channels."""
        return {1: self.in_channels} if index == 0 else {1: self.out_channels}

    def pairs(self) -> list[tuple[int, int]]:
        """Return the padding before and after each axis."""
        if self.padding == "valid":
            return [(0, 0)] * self.axes
        if self.padding == "same":
            totals = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
            return [(total // 2, total - total // 2) for total in totals]
        return [(int(p), int(p)) for p in self.padding]

    def emit(self, builder: ProgramBuilder, inputs: list[str], values: list[Value]) -> list[str]:
        """Append the convolution."""
        y = self.output_value
        pads = self.pairs() if self.padding_mode == "zeros" else [(0, 0)] * self.axes
        attributes = {"stride": self.stride, "padding": pads, "dilation": self.dilation, "groups": self.groups}
        attributes |= saturation(self.activation, y)
        return [builder.emit("conv", inputs, "y", y, attributes, self.layer_constants(values[0]))]

    def compute(self, *inputs: Any) -> QTensor:
        """Run the program, the first input padded by its own values where padding_mode says so."""
        if self.padding_mode == "zeros":
            return super().compute(*inputs)
        widths = [width for pair in reversed(self.pairs()) for width in pair]
        padded = F.pad(self.enter(inputs[0]), widths, mode=self.padding_mode)
        return super().compute(padded, *inputs[1:])

    def _get_name(self) -> str:
        return f"Quantized{type(self).__name__}"

    def extra_repr(self) -> str:
        """Show sizes and qparams, those that differ from the default."""
        text = (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"{self.qparams_repr()}"
        )
        if self.padding not in ("valid", (0,) * self.axes):
            text += f", padding={self.padding}"
        if self.dilation != (1,) * self.axes:
            text += f", dilation={self.dilation}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.float_bias is None:
            text += ", bias=False"
        return text if self.padding_mode == "zeros" else f"{text}, padding_mode={self.padding_mode}"


class Conv1d(_ConvNd):
    """Convolve [n, c, l] in 8 bits."""

    axes = 1


class Conv2d(_ConvNd):
    """Convolve [n, c, h, w] in 8 bits."""

    axes = 2


class Conv3d(_ConvNd):
    """Convolve [n, c, d, h, w] in 8 bits."""

    axes = 3
