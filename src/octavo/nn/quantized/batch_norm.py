"""Batch norm in 8 bits, where no convolution took it in."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import nn

from octavo.nn.errors import QuantizationError
from octavo.nn.folding import conv_of, fold
from octavo.nn.fused_activation import saturation
from octavo.nn.qtensor import QTensor
from octavo.nn.quantized.layer import WeightedLayer
from octavo.program import Value
from octavo.program.build import ProgramBuilder


class _BatchNorm(WeightedLayer):
    """Compute `x · f + (β − µ · f)` with `f = γ / √(σ² + eps)` for each channel: a depthwise convolution of one point.

    Each channel has a scale of its own, so that its one weight is ±127 steps of it, without a rounding error.

    Args:
        num_features: channels of x [n, num_features, …].
        eps: added to the variance.

    Reference: Ioffe and Szegedy 2015, arXiv:1502.03167, algorithm 1.
    """

    axes: ClassVar[int]  # type: ignore[assignment]
    activation: ClassVar[str | None] = None

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__((num_features, 1, *[1] * self.axes), num_features, bias=True)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> Any:
        """Make one of a calibrated batch norm, with or without a ReLU fused to it.

        Raises:
            QuantizationError: it has no running statistics.
        """
        norm: Any = conv_of(mod)
        if norm.running_var is None:
            raise QuantizationError(
                f"module '{getattr(mod, 'name', '')}' ({type(norm).__name__}): track_running_stats is False, so that "
                "it normalizes by its input's statistics; expected running statistics. Remedy: train it with "
                "track_running_stats=True, or set its qconfig to None to keep it in float"
            )
        layer = cls(norm.num_features, norm.eps, norm.momentum)
        layer.set_norm(norm)
        layer.take_output(mod)
        return layer

    def set_norm(self, norm: nn.Module) -> None:
        """Take the running statistics and the affine map of a float batch norm."""
        with torch.no_grad():
            factor, shift = fold(torch.ones_like(self.qweight, dtype=torch.float32), None, norm)
        size = factor.abs()
        # A factor of 0 needs a scale all the same.
        scale = torch.where(size > 0, size / 127, torch.ones_like(size)).flatten()
        integers = (factor.sign() * 127).to(torch.int8)
        self.set_weight_bias(QTensor(integers, scale, torch.zeros_like(scale).int(), 0), shift)

    def fixed_axes(self, index: int, rank: int) -> dict[int, int]:
        """Fix the number of channels."""
        return {1: self.num_features}

    def emit(self, builder: ProgramBuilder, inputs: list[str], values: list[Value]) -> list[str]:
        """Append the convolution."""
        y, ones = self.output_value, [1] * self.axes
        attributes = {"stride": ones, "dilation": ones, "padding": [[0, 0]] * self.axes, "groups": self.num_features}
        attributes |= saturation(self.activation, y)
        return [builder.emit("conv", inputs, "y", y, attributes, self.layer_constants(values[0]))]

    def _get_name(self) -> str:
        return f"Quantized{type(self).__name__}"

    def extra_repr(self) -> str:
        """Show the size and the qparams."""
        return f"{self.num_features}, eps={self.eps}, {self.qparams_repr()}"


class BatchNorm2d(_BatchNorm):
    """Normalize the channels of [n, c, h, w] by running statistics."""

    axes = 2


class BatchNorm3d(_BatchNorm):
    """Normalize the channels of [n, c, d, h, w] by running statistics."""

    axes = 3
