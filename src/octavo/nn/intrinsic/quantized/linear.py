"""Linear layers in 8 bits with what was fused to them."""

from __future__ import annotations

from typing import Any

import numpy as np

from octavo.nn import quantized
from octavo.nn.folding import float_weight_bias
from octavo.program import Value
from octavo.program.build import ProgramBuilder

_FLOAT = Value("float32")


class LinearReLU(quantized.Linear):
    """Compute `max(x · weightᵀ + bias, 0)` in 8 bits."""

    activation = "relu"


class LinearTanh(quantized.Linear):
    """Compute `tanh(x · weightᵀ + bias)`: the exact sums become float32, and their tanh is rounded once."""

    def emit(self, builder: ProgramBuilder, inputs: list[str], values: list[Value]) -> list[str]:
        """Append the operators."""
        sums = builder.emit("linear", inputs, "sums", _FLOAT, {}, self.layer_constants(values[0]))
        y = builder.emit("unary", [sums], "y_real", _FLOAT, {"function": "tanh"})
        return [builder.emit("quantize", [y], "y", self.output_value)]


class LinearLeakyReLU(quantized.Linear):
    """Compute `v = x · weightᵀ + bias` and `max(v, 0) + negative_slope · min(v, 0)`: the exact sums become float32,
    and what the slope makes of them is rounded once.

    Args:
        in_features, out_features: sizes of the last axis of x and y.
        negative_slope: the slope below 0.
        bias: whether there is a bias.
        dtype: of the weight; int8 alone.
    """

    def __init__(
        self, in_features: int, out_features: int, negative_slope: float = 1e-2, bias: bool = True, dtype: Any = None
    ) -> None:
        super().__init__(in_features, out_features, bias, dtype)
        self.negative_slope = negative_slope

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> LinearLeakyReLU:
        """Make one of a calibrated module."""
        linear, leaky = mod[0], mod[1]
        layer = cls(linear.in_features, linear.out_features, leaky.negative_slope, linear.bias is not None)
        layer.take(mod, *float_weight_bias(mod))
        return layer

    def emit(self, builder: ProgramBuilder, inputs: list[str], values: list[Value]) -> list[str]:
        """Append the operators."""
        sums = builder.emit("linear", inputs, "sums", _FLOAT, {}, self.layer_constants(values[0]))
        slope = np.array([self.negative_slope], np.float32)
        y = builder.emit("prelu", [sums], "y_real", _FLOAT, {}, {"slope": slope})
        return [builder.emit("quantize", [y], "y", self.output_value)]

    def settings(self) -> Any:
        """Return what the program depends on besides inputs and buffers."""
        return super().settings(), self.negative_slope

    def extra_repr(self) -> str:
        """Show sizes, slope and qparams."""
        return f"{super().extra_repr()}, negative_slope={self.negative_slope}"
