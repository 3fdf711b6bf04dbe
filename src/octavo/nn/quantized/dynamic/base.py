"""What the modules with dynamic ranges share: float tensors in, float tensors out."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from octavo.nn.conversions import conversions
from octavo.nn.module import QuantizedModule
from octavo.nn.qtensor import QTensor
from octavo.ops.operators import FLOAT
from octavo.program import ShapeError


class DynamicModule(QuantizedModule):
    """Run a program whose inputs and outputs are float32."""

    def run_on_floats(self, *inputs: Any) -> list[Tensor]:
        """Run the program; outputs have the first input's dtype.

        Args:
            inputs: of any float dtype; a QTensor is dequantized, and that is counted.

        Raises:
            TypeError: an input has another dtype.
            ShapeError: an input has a shape that the module does not take.
        """
        real = [self.real(x) for x in inputs]
        outputs = self.call(real, (FLOAT,) * len(real))
        dtype = inputs[0].dtype
        return outputs if dtype == outputs[0].dtype else [y.to(dtype) for y in outputs]

    def real(self, x: Any) -> Tensor:
        """Return an input in float32."""
        if isinstance(x, QTensor):
            conversions.count(self.name or self._get_name(), "dequantize")
            return x.dequantize()
        if not isinstance(x, Tensor) or not x.is_floating_point():
            got = f"a {x.dtype} tensor" if isinstance(x, Tensor) else f"a {type(x).__name__}"
            raise TypeError(f"{self.where}: got {got}, expected a float tensor")
        return x.float()

    def check_shape(self, what: str, x: Tensor, expected: tuple[int, ...]) -> None:
        """Refuse a tensor of another shape.

        Raises:
            ShapeError: naming the module, what the tensor is, and both shapes.
        """
        if tuple(x.shape) != expected:
            raise ShapeError(f"{self.where}: {what} has shape {list(x.shape)}, expected {list(expected)}")

    @property
    def where(self) -> str:
        """The module's full name and class, as errors say it."""
        return f"module '{self.name}' ({self._get_name()})"
