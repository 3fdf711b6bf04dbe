"""Convolutions with int8 weights, whose input is quantized sample by sample as it arrives."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from octavo.nn import quantized
from octavo.nn.quantized.dynamic.base import DynamicModule
from octavo.ops.operators import FLOAT
from octavo.program import ShapeError, Value

_INTEGERS = Value("int8", 1.0, 0)


class DynamicConv(DynamicModule):
    """Convolve in 8 bits what comes in float, with `s = max|x| / 127` of each sample:
    `y = s · weight_scale · Σ q · weight + bias`, `q = round(x / s)`.

    Samples do not depend on each other: an answer is the same whatever else is in the batch. Arguments are those of the
    float module. The ranges are found by PyTorch, so that the module is exported, but not saved as a program.

    Shape: x [n, in_channels, …] float, y [n, out_channels, …] of x's dtype; both also without the batch axis.
    """

    def forward(self: Any, x: Any) -> Any:  # a float Tensor, where the static form returns a QTensor
        """Compute the layer.

        Raises:
            TypeError: x is not a float tensor.
            ShapeError: it has another number of axes or channels, or is empty.
        """
        alone = x.dim() == self.axes + 1
        batch = self.real(x).unsqueeze(0) if alone else self.real(x)
        if batch.dim() != self.axes + 2 or batch.shape[1] != self.in_channels:
            expected = f"[n, {self.in_channels}, …] with {self.axes} spatial axes"
            raise ShapeError(f"{self.where}: the input has shape {list(x.shape)}, expected {expected}")
        if self.padding_mode != "zeros":
            widths = [width for pair in reversed(self.pairs()) for width in pair]
            batch = F.pad(batch, widths, mode=self.padding_mode)
        q, scale = quantize_samples(batch)
        y = self.call((q,), (_INTEGERS,))[0] * scale
        if self.float_bias is not None:
            y = y + self.float_bias.view(-1, *[1] * self.axes)
        return (y.squeeze(0) if alone else y).to(x.dtype)

    @property
    def output_value(self) -> Value:
        """Float32: the exact sums with the weight's scale."""
        return FLOAT

    def take_output(self, mod: Any) -> None:
        """Take nothing: the output has no qparams."""

    def layer_constants(self, x: Value) -> dict[str, Any]:
        """Return weight and weight_scale; the bias is added in float, for it has another scale in every sample."""
        weight, scale = self.constant("qweight"), self.constant("weight_scale")
        assert weight is not None and scale is not None
        bias = torch.zeros_like(scale).int()
        return {"weight": weight.numpy(), "bias": bias.numpy(), "weight_scale": scale.numpy()}

    def qparams_repr(self) -> str:
        """Show the dtype of the weight."""
        return "dtype=int8"

    def _get_name(self) -> str:
        return f"DynamicQuantized{type(self).__name__}"


def quantize_samples(x: Tensor) -> tuple[Tensor, Tensor]:
    """Quantize each sample to int8 by its own greatest magnitude.

    Args:
        x: [n, …] float32.

    Returns: integers in [−127, 127], and scales [n, 1, …]: 1 for a sample of zeros, NaN or infinite for one that holds
        such a number, whose integers are then 0.
    """
    scale = x.abs().amax(dim=list(range(1, x.dim())), keepdim=True) / 127
    inverse = scale.reciprocal()
    vanishes = torch.isinf(inverse)
    scale = torch.where(vanishes, torch.ones_like(scale), scale)
    inverse = torch.where(vanishes, torch.ones_like(scale), inverse)
    q = torch.nan_to_num((x * inverse).round(), nan=0.0).clamp(-127, 127)
    return q.to(torch.int8), scale


class Conv1d(DynamicConv, quantized.Conv1d):
    """Convolve [n, c, l]."""


class Conv2d(DynamicConv, quantized.Conv2d):
    """Convolve [n, c, h, w]."""


class Conv3d(DynamicConv, quantized.Conv3d):
    """Convolve [n, c, d, h, w]."""


class ConvTranspose1d(DynamicConv, quantized.ConvTranspose1d):
    """Convolve [n, c, l] transposed."""


class ConvTranspose2d(DynamicConv, quantized.ConvTranspose2d):
    """Convolve [n, c, h, w] transposed."""


class ConvTranspose3d(DynamicConv, quantized.ConvTranspose3d):
    """Convolve [n, c, d, h, w] transposed."""
