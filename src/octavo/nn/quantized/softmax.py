"""Softmax between 8-bit tensors."""

from __future__ import annotations

from typing import Any

from octavo.nn.quantized.base import QuantizedLayer
from octavo.program import Value
from octavo.program.build import ProgramBuilder

_FLOAT = Value("float32")


class Softmax(QuantizedLayer):
    """Dequantize, compute `exp(x_i − max x) / Σ exp(x_j − max x)` along an axis in float32, and quantize.

    Args:
        dim: the axis; None: 0 for tensors of 0, 1 or 3 axes, else 1, as PyTorch chooses.
        scale, zero_point: of the output.

    Shape: x and y [...], of at least one axis.
    """

    def __init__(self, dim: int | None = None, scale: float = 1.0, zero_point: int = 0) -> None:
        super().__init__()
        self.dim = dim
        self.set_output(scale, zero_point)

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> Softmax:
        """Make one of a calibrated module."""
        layer = cls(mod.dim)
        layer.take_output(mod)
        return layer

    def emit(self, builder: ProgramBuilder, inputs: list[str], values: list[Value]) -> list[str]:
        """Append the operators."""
        y, rank = self.output_value, builder.rank(inputs[0])
        dim = self.dim if self.dim is not None else (0 if rank in (0, 1, 3) else 1)
        if not -rank <= dim < rank:
            raise IndexError(f"module '{self.name}' (QuantizedSoftmax): dim is {dim}, the input has {rank} axes")
        real = builder.emit("dequantize", inputs, "x_real", _FLOAT)
        shares = builder.emit("softmax", [real], "y_real", _FLOAT, {"axis": dim % rank})
        return [builder.emit("quantize", [shares], "y", y)]

    def settings(self) -> Any:
        """Return what the program depends on besides its inputs."""
        return super().settings(), self.dim

    def _get_name(self) -> str:
        return "QuantizedSoftmax"

    def extra_repr(self) -> str:
        """Show the axis and the qparams."""
        return f"dim={self.dim}, {self.qparams_repr()}"
