"""Instance norm between 8-bit tensors."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from octavo.nn.errors import QuantizationError
from octavo.nn.quantized.normalization import Norm
from octavo.program import Value
from octavo.program.build import ProgramBuilder


class _InstanceNorm(Norm):
    """Normalize each channel of each sample over its spatial axes.

    Args:
        num_features: channels of x [n, num_features, …].
        weight, bias: [num_features], or None.
        scale, zero_point: of the output.
        eps: added to the variance.

    Reference: Ulyanov et al. 2016, arXiv:1607.08022, equation 4.
    """

    def __init__(
        self, num_features: int, weight: Tensor | None, bias: Tensor | None, scale: Any, zero_point: Any,
        eps: float = 1e-5, momentum: float = 0.1, affine: bool = False, track_running_stats: bool = False,
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(weight, bias, scale, zero_point, eps)
        self.num_features, self.affine = num_features, affine

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> Any:
        """Make one of a calibrated module.

        Raises:
            QuantizationError: it normalizes by running statistics.
        """
        if mod.track_running_stats:
            raise QuantizationError(
                f"module '{getattr(mod, 'name', '')}' ({type(mod).__name__}): track_running_stats is True, so that in "
                "eval it normalizes by running statistics, not by its input's; expected False. Remedy: use a batch "
                "norm, or set its qconfig to None to keep it in float"
            )
        layer = cls(mod.num_features, mod.weight, mod.bias, 1.0, 0, mod.eps, affine=mod.affine)
        layer.take_output(mod)
        return layer

    def fixed_axes(self, index: int, rank: int) -> dict[int, int]:
        """Fix the number of channels."""
        return {1: self.num_features}

    def emit(self, builder: ProgramBuilder, inputs: list[str], values: list[Value]) -> list[str]:
        """Append the operators."""
        return self.append(builder, inputs, "group_norm", {"groups": self.num_features}, (self.num_features,))

    def extra_repr(self) -> str:
        """Show the sizes and the qparams."""
        return f"{self.num_features}, eps={self.eps}, affine={self.affine}, {self.qparams_repr()}"


class InstanceNorm1d(_InstanceNorm):
    """Normalize the channels of [n, c, l]."""

    axes = 1


class InstanceNorm2d(_InstanceNorm):
    """Normalize the channels of [n, c, h, w]."""

    axes = 2


class InstanceNorm3d(_InstanceNorm):
    """Normalize the channels of [n, c, d, h, w]."""

    axes = 3
