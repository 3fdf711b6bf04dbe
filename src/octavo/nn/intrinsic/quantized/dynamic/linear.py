"""A linear layer with int8 weights and what follows it."""

from __future__ import annotations

from typing import Any

import torch

from octavo.nn.quantized import dynamic
from octavo.ops.operators import FLOAT
from octavo.program import Value
from octavo.program.build import ProgramBuilder


class LinearReLU(dynamic.Linear):
    """Compute `max(x · weightᵀ + bias, 0)`; each row of x is brought to 8 bits by its own range.

    Args:
        in_features, out_features: sizes of the last axis of x and y.
        bias: whether there is a bias.
        dtype: of the weight; `torch.qint8` or `torch.int8`.
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, dtype: Any = torch.int8) -> None:
        super().__init__(in_features, out_features, bias, dtype)

    def emit(self, builder: ProgramBuilder, inputs: list[str], values: list[Value]) -> list[str]:
        """Append the operators."""
        sums = builder.emit("dynamic_linear", inputs, "sums", FLOAT, {}, self.layer_constants())
        return [builder.emit("unary", [sums], "y", FLOAT, {"function": "relu"})]
