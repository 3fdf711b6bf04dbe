"""Linear layers with int8 weights, whose input is quantized row by row as it arrives."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from octavo.nn.folding import float_weight_bias
from octavo.nn.quantized.dynamic.base import DynamicModule
from octavo.nn.quantized.int8_weight import Int8Weight
from octavo.numerics import dtype_name
from octavo.ops.operators import FLOAT
from octavo.program import ShapeError, Value
from octavo.program.build import ProgramBuilder


class Linear(Int8Weight, DynamicModule):
    """Compute `y = x · weightᵀ + bias`; each row of x is brought to 8 bits by its own range.

    Rows do not depend on each other: a sample's answer is the same whatever else is in the batch.

    Args:
        in_features, out_features: sizes of the last axis of x and y.
        bias_: whether there is a bias.
        dtype: of the weight; `torch.qint8` or `torch.int8`.

    Shape: x [..., in_features] float, y [..., out_features] of x's dtype.

    Attributes:
        qweight, weight_scale, float_bias: see `Int8Weight`; qweight [out_features, in_features].
    """

    def __init__(self, in_features: int, out_features: int, bias_: bool = True, dtype: Any = torch.int8) -> None:
        super().__init__()
        if dtype_name(dtype) != "int8":
            raise ValueError(f"{self._get_name()}: got dtype {dtype}, expected torch.qint8")
        self.in_features, self.out_features = in_features, out_features
        self._hold((out_features, in_features), out_features, bias_)

    @classmethod
    def from_float(cls, mod: nn.Module, use_precomputed_fake_quant: bool = False) -> Any:
        """Make one of a float or QAT module that has a qconfig."""
        weight, bias = float_weight_bias(mod)
        layer = cls(weight.shape[1], weight.shape[0], bias is not None)
        layer.take_weight(mod, weight, bias)
        return layer

    def forward(self, x: Tensor) -> Tensor:
        """Compute the layer.

        Raises:
            TypeError: x is not a float tensor.
            ShapeError: its last axis has another size, or it is empty.
        """
        if x.dim() == 0 or x.shape[-1] != self.in_features:
            raise ShapeError(f"{self.where}: the input has shape {list(x.shape)}, expected [..., {self.in_features}]")
        return self.run_on_floats(x)[0]

    def fixed_axes(self, index: int, rank: int) -> dict[int, int]:
        """Fix the number of features."""
        return {rank - 1: self.in_features}

    def emit(self, builder: ProgramBuilder, inputs: list[str], values: list[Value]) -> list[str]:
        """Append the operator."""
        return [builder.emit("dynamic_linear", inputs, "y", FLOAT, {}, self.layer_constants())]

    def layer_constants(self) -> dict[str, Any]:
        """Return weight, weight_scale and bias of the program's operator."""
        weight, scale, bias = (self.constant(name) for name in ("qweight", "weight_scale", "float_bias"))
        assert weight is not None and scale is not None
        bias = torch.zeros_like(scale) if bias is None else bias
        return {"weight": weight.numpy(), "weight_scale": scale.numpy(), "bias": bias.numpy()}

    def _get_name(self) -> str:
        return f"DynamicQuantized{type(self).__name__}"

    def extra_repr(self) -> str:
        """Show sizes and how the weight is quantized."""
        text = f"in_features={self.in_features}, out_features={self.out_features}, dtype=int8"
        text += f", qscheme={self.weight().qscheme()}"
        return text if self.float_bias is not None else f"{text}, bias=False"
