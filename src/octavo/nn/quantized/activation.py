"""Functions of one element in 8 bits: tables of 256 answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from octavo.nn.quantized.base import QuantizedLayer
from octavo.program import Value
from octavo.program.build import ProgramBuilder
from octavo.program.grid import function_table


class _Elementwise(QuantizedLayer):
    """Apply a function to each element: `y = sat(rne(f(s_x · (q − z_x)) / s_y) + z_y)`, computed once for each q.

    Args:
        scale, zero_point: of the output.

    Shape: x and y [...].
    """

    def __init__(self, scale: float, zero_point: int) -> None:
        super().__init__()
        self.set_output(scale, zero_point)

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> Any:
        """Make one of a calibrated module."""
        layer = cls._like(mod)
        layer.take_output(mod)
        return layer

    @classmethod
    def _like(cls, mod: Any) -> Any:
        return cls(1.0, 0)

    def function(self, x: Tensor) -> Tensor:
        """Compute the float function."""
        raise NotImplementedError

    def emit(self, builder: ProgramBuilder, inputs: list[str], values: list[Value]) -> list[str]:
        """Append the table."""

        def answers(levels: np.ndarray) -> np.ndarray:
            return self.function(torch.from_numpy(levels)).numpy()

        y = self.output_value
        table = function_table(answers, values[0], y)
        return [builder.emit("table", inputs, "y", y, constants={"table": table})]

    def _get_name(self) -> str:
        return f"Quantized{type(self).__name__}"

    def extra_repr(self) -> str:
        """Show the qparams."""
        return self.qparams_repr()


class Hardswish(_Elementwise):
    """Compute `x · clamp(x + 3, 0, 6) / 6` in 8 bits."""

    def function(self, x: Tensor) -> Tensor:
        """Compute in float."""
        return F.hardswish(x)


class Sigmoid(_Elementwise):
    """Compute `1 / (1 + exp(−x))` in 8 bits.

    Args:
        output_scale, output_zero_point: of the output.
    """

    def __init__(self, output_scale: float = 1.0 / 256, output_zero_point: int = 0) -> None:
        super().__init__(output_scale, output_zero_point)

    def function(self, x: Tensor) -> Tensor:
        """Compute in float."""
        return torch.sigmoid(x)


class ELU(_Elementwise):
    """Compute `max(x, 0) + min(alpha · (exp(x) − 1), 0)` in 8 bits.

    Args:
        scale, zero_point: of the output.
        alpha: −alpha is the limit for small x.
    """

    def __init__(self, scale: float, zero_point: int, alpha: float = 1.0) -> None:
        super().__init__(scale, zero_point)
        self.alpha = alpha

    @classmethod
    def _like(cls, mod: Any) -> Any:
        return cls(1.0, 0, mod.alpha)

    def function(self, x: Tensor) -> Tensor:
        """Compute in float."""
        return F.elu(x, self.alpha)

    def settings(self) -> Any:
        """Return what the table depends on besides the input."""
        return super().settings(), self.alpha

    def extra_repr(self) -> str:
        """Show alpha and the qparams."""
        return f"alpha={self.alpha}, {self.qparams_repr()}"


class LeakyReLU(_Elementwise):
    """Compute `max(x, 0) + negative_slope · min(x, 0)` in 8 bits.

    Args:
        scale, zero_point: of the output.
        negative_slope: the slope below 0.
        inplace: kept; the output is a new tensor.
    """

    def __init__(
        self, scale: float, zero_point: int, negative_slope: float = 1e-2, inplace: bool = False,
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(scale, zero_point)
        self.negative_slope, self.inplace = negative_slope, inplace

    @classmethod
    def _like(cls, mod: Any) -> Any:
        return cls(1.0, 0, mod.negative_slope, mod.inplace)

    def function(self, x: Tensor) -> Tensor:
        """Compute in float."""
        return F.leaky_relu(x, self.negative_slope)

    def settings(self) -> Any:
        """Return what the table depends on besides the input."""
        return super().settings(), self.negative_slope

    def extra_repr(self) -> str:
        """Show the slope and the qparams."""
        return f"negative_slope={self.negative_slope}, {self.qparams_repr()}"


class ReLU6(nn.ReLU6):
    """Compute `min(max(x, 0), 6)`: on the integers of a QTensor, which keeps its qparams."""

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> ReLU6:
        """Make one of a float module."""
        return cls(mod.inplace)

    def _get_name(self) -> str:
        return "QuantizedReLU6"
