"""Linear layers in 8 bits."""

from __future__ import annotations

from typing import Any

from torch import nn

from octavo.nn.folding import float_weight_bias
from octavo.nn.fused_activation import saturation
from octavo.nn.quantized.layer import WeightedLayer
from octavo.program import Value
from octavo.program.build import ProgramBuilder


class Linear(WeightedLayer):
    """Compute `y = x · weightᵀ + bias` in 8 bits.

    Args:
        in_features, out_features: sizes of the last axis of x and y.
        bias_: whether there is a bias.
        dtype: of the weight; int8 alone.

    Shape: x [..., in_features], y [..., out_features].

    Reference: Jacob et al. 2018, arXiv:1712.05877, equation 7.
    """

    activation: str | None = None

    def __init__(self, in_features: int, out_features: int, bias_: bool = True, dtype: Any = None) -> None:
        super().__init__((out_features, in_features), out_features, bias_)
        self.in_features, self.out_features = in_features, out_features

    @classmethod
    def from_float(cls, mod: nn.Module, use_precomputed_fake_quant: bool = False) -> Linear:
        """Make one of a calibrated or trained module."""
        weight, bias = float_weight_bias(mod)
        layer = cls(weight.shape[1], weight.shape[0], bias is not None)
        layer.take(mod, weight, bias)
        return layer

    def fixed_axes(self, index: int, rank: int) -> dict[int, int]:
        """Fix the number of features."""
        return {rank - 1: self.in_features}

    def emit(self, builder: ProgramBuilder, inputs: list[str], values: list[Value]) -> list[str]:
        """Append the linear operator."""
        y = self.output_value
        constants = self.layer_constants(values[0])
        return [builder.emit("linear", inputs, "y", y, saturation(self.activation, y), constants)]

    def _get_name(self) -> str:
        return f"Quantized{type(self).__name__}"

    def extra_repr(self) -> str:
        """Show sizes and qparams."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, {self.qparams_repr()}, "
            f"qscheme={self.weight().qscheme()}"
        )
