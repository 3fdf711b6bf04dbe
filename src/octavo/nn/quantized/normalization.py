"""Layer and group norm between 8-bit tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from octavo.nn.quantized.base import QuantizedLayer
from octavo.program import Value
from octavo.program.build import ProgramBuilder

_FLOAT = Value("float32")


class Norm(QuantizedLayer):
    """Dequantize, normalize in float32 and quantize: `y = (x − mean) / sqrt(var + eps) · weight + bias`.

    Mean and variance are those of the input, so they have no integers before it is known.
    """

    weight: Tensor | None
    bias: Tensor | None

    def __init__(self, weight: Tensor | None, bias: Tensor | None, scale: Any, zero_point: Any, eps: float) -> None:
        super().__init__()
        self.eps = eps
        self.register_buffer("weight", None if weight is None else weight.detach().float().clone())
        self.register_buffer("bias", None if bias is None else bias.detach().float().clone())
        self.set_output(scale, zero_point)
        self._refresh()

    def append(
        self, builder: ProgramBuilder, inputs: list[str], operator: str, attributes: dict[str, Any], size: Sequence[int]
    ) -> list[str]:
        """Append the operators; `size` is the shape of weight and bias."""
        weight, bias = self.constant("weight"), self.constant("bias")
        constants = {
            "weight": np.ones(size, np.float32) if weight is None else weight.numpy(),
            "bias": np.zeros(size, np.float32) if bias is None else bias.numpy(),
        }
        flat = {role: array.reshape(-1) for role, array in constants.items()}
        real = builder.emit("dequantize", inputs, "x_real", _FLOAT)
        y = builder.emit(operator, [real], "y_real", _FLOAT, {**attributes, "eps": float(self.eps)}, flat)
        return [builder.emit("quantize", [y], "y", self.output_value)]

    def settings(self) -> Any:
        """Return what the program depends on besides inputs and buffers."""
        return super().settings(), self.eps

    def _get_name(self) -> str:
        return f"Quantized{type(self).__name__}"


class LayerNorm(Norm):
    """Normalize over the last axes.

    Args:
        normalized_shape: the sizes of these axes.
        weight, bias: of this shape, or None.
        scale, zero_point: of the output.
        eps: added to the variance.
        elementwise_affine: whether there are weight and bias.

    Reference: Ba et al. 2016, arXiv:1607.06450, equation 4.
    """

    def __init__(
        self, normalized_shape: Any, weight: Tensor | None, bias: Tensor | None, scale: Any, zero_point: Any,
        eps: float = 1e-5, elementwise_affine: bool = True, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(weight, bias, scale, zero_point, eps)
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else normalized_shape
        self.normalized_shape, self.elementwise_affine = tuple(shape), elementwise_affine

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> LayerNorm:
        """Make one of a calibrated module."""
        layer = cls(mod.normalized_shape, mod.weight, mod.bias, 1.0, 0, mod.eps, mod.elementwise_affine)
        layer.take_output(mod)
        return layer

    def fixed_axes(self, index: int, rank: int) -> dict[int, int]:
        """Fix the sizes of the normalized axes."""
        return {rank - len(self.normalized_shape) + i: size for i, size in enumerate(self.normalized_shape)}

    def emit(self, builder: ProgramBuilder, inputs: list[str], values: list[Value]) -> list[str]:
        """Append the operators."""
        shape = self.normalized_shape
        return self.append(builder, inputs, "layer_norm", {"axes": len(shape)}, shape)

    def extra_repr(self) -> str:
        """Show the shape and the qparams."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"{self.qparams_repr()}"
        )


class GroupNorm(Norm):
    """Normalize over groups of channels and all spatial axes.

    Args:
        num_groups: divides num_channels.
        num_channels: of x [n, num_channels, …].
        weight, bias: [num_channels], or None.
        scale, zero_point: of the output.
        eps: added to the variance.
        affine: whether there are weight and bias.

    Reference: Wu and He 2018, arXiv:1803.08494, equation 7.
    """

    def __init__(
        self, num_groups: int, num_channels: int, weight: Tensor | None, bias: Tensor | None, scale: Any,
        zero_point: Any, eps: float = 1e-5, affine: bool = True, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(weight, bias, scale, zero_point, eps)
        self.num_groups, self.num_channels, self.affine = num_groups, num_channels, affine

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> GroupNorm:
        """Make one of a calibrated module."""
        layer = cls(mod.num_groups, mod.num_channels, mod.weight, mod.bias, 1.0, 0, mod.eps, mod.affine)
        layer.take_output(mod)
        return layer

    def fixed_axes(self, index: int, rank: int) -> dict[int, int]:
        """Fix the number of channels."""
        return {1: self.num_channels}

    def emit(self, builder: ProgramBuilder, inputs: list[str], values: list[Value]) -> list[str]:
        """Append the operators."""
        return self.append(builder, inputs, "group_norm", {"groups": self.num_groups}, (self.num_channels,))

    def extra_repr(self) -> str:
        """Show the sizes and the qparams."""
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, {self.qparams_repr()}"
