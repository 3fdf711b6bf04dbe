"""PReLU between 8-bit tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from octavo.nn.quantized.base import QuantizedLayer
from octavo.program import Value
from octavo.program.build import ProgramBuilder
from octavo.program.grid import function_table

_FLOAT = Value("float32")


class PReLU(QuantizedLayer):
    """Compute `max(x, 0) + weight · min(x, 0)`: with one weight a table, with one for each channel in float32.

    Args:
        output_scale, output_zero_point: of the output.
        num_parameters: 1, or the channels of x [n, num_parameters, …].

    Attributes:
        weight: [num_parameters] float32.

    Reference: He et al. 2015, arXiv:1502.01852, equation 1.
    """

    weight: Tensor

    def __init__(self, output_scale: float, output_zero_point: int, num_parameters: int = 1) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.register_buffer("weight", torch.full((num_parameters,), 0.25))
        self.set_output(output_scale, output_zero_point)
        self._refresh()

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> PReLU:
        """Make one of a calibrated module."""
        layer = cls(1.0, 0, mod.num_parameters)
        layer.set_weight(mod.weight)
        layer.take_output(mod)
        return layer

    def set_weight(self, w: Tensor) -> None:
        """Replace the weight, [num_parameters]."""
        self.weight = w.detach().dequantize().clone() if w.is_quantized else w.detach().float().clone()
        self._refresh()

    def fixed_axes(self, index: int, rank: int) -> dict[int, int]:
        """Fix the number of channels, where each has a weight."""
        return {1: self.num_parameters} if self.num_parameters > 1 else {}

    def emit(self, builder: ProgramBuilder, inputs: list[str], values: list[Value]) -> list[str]:
        """Append the operators."""
        y, weight = self.output_value, self.constant("weight")
        assert weight is not None
        if self.num_parameters == 1:
            slope = float(weight)
            table = function_table(lambda x: np.where(x < 0, slope * x, x), values[0], y)
            return [builder.emit("table", inputs, "y", y, constants={"table": table})]
        real = builder.emit("dequantize", inputs, "x_real", _FLOAT)
        bent = builder.emit("prelu", [real], "y_real", _FLOAT, {}, {"slope": weight.numpy()})
        return [builder.emit("quantize", [bent], "y", y)]

    def _get_name(self) -> str:
        return "QuantizedPReLU"

    def extra_repr(self) -> str:
        """Show the size and the qparams."""
        return f"num_parameters={self.num_parameters}, {self.qparams_repr()}"
