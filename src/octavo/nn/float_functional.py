"""Arithmetic as modules: float and observed before `convert`, in 8 bits after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from octavo.nn.conversions import conversions
from octavo.nn.errors import FloatInputError, QuantizationError
from octavo.nn.fake_quantized import integers_of, marked, plain, qparams_of, with_gradient
from octavo.nn.fused_activation import saturation
from octavo.nn.observed import has_qparams
from octavo.nn.output import QuantizedOutput
from octavo.nn.qtensor import QTensor
from octavo.ops import operators
from octavo.ops.tables import apply_function
from octavo.program import Value


class FXFloatFunctional(nn.Module):
    """Offer float arithmetic as methods; nothing is observed."""

    def observed(self, y: Tensor, method: str, *operands: Any) -> Tensor:
        """Return a result, having shown it to the observer where there is one.

        Args:
            y: what the method computed.
            method: its name.
            operands: its arguments.
        """
        return y

    def add(self, x: Tensor, y: Any) -> Tensor:
        """Compute `x + y`."""
        return self.observed(torch.add(x, y), "add", x, y)

    def add_scalar(self, x: Tensor, y: float) -> Tensor:
        """Compute `x + y` for a number y."""
        return self.observed(torch.add(x, y), "add_scalar", x, y)

    def mul(self, x: Tensor, y: Any) -> Tensor:
        """Compute `x · y`, element by element."""
        return self.observed(torch.mul(x, y), "mul", x, y)

    def mul_scalar(self, x: Tensor, y: float) -> Tensor:
        """Compute `x · y` for a number y."""
        return self.observed(torch.mul(x, y), "mul_scalar", x, y)

    def cat(self, x: Sequence[Tensor], dim: int = 0) -> Tensor:
        """Concatenate tensors along an axis."""
        return self.observed(torch.cat(list(x), dim=dim), "cat", x, dim)

    def add_relu(self, x: Tensor, y: Tensor) -> Tensor:
        """Compute `max(x + y, 0)`."""
        return self.observed(F.relu(torch.add(x, y)), "add_relu", x, y)

    def matmul(self, x: Tensor, y: Tensor) -> Tensor:
        """Compute the matrix product."""
        return self.observed(torch.matmul(x, y), "matmul", x, y)

    def forward(self, x: Any) -> Any:
        """Refuse to be called.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError(f"{type(self).__name__} is not called itself; call its add, mul, cat, add_relu or matmul")


class FloatFunctional(FXFloatFunctional):
    """Offer float arithmetic as methods, and observe what they return.

    A module of its own for each place in the model: all that one module returns shares one range.
    """

    def __init__(self) -> None:
        super().__init__()
        self.activation_post_process: nn.Module = nn.Identity()

    def observed(self, y: Tensor, method: str, *operands: Any) -> Tensor:
        """Show a result to the observer, and return it; after training for 8 bits, what a converted model computes."""
        result = marked(self.activation_post_process(y), self.activation_post_process)
        qparams = qparams_of(result)
        if qparams is None or method == "matmul" or not _all_integers(operands):
            return result
        functional = QFunctional()
        functional.set_output(qparams.scale, qparams.zero_point, qparams.dtype)
        q = getattr(functional, method)(*pytree.tree_map(integers_of, operands))
        return marked(with_gradient(q.dequantize(), plain(result)), self.activation_post_process)


def _all_integers(operands: Any) -> bool:
    return all(qparams_of(leaf) is not None for leaf in pytree.tree_leaves(operands) if isinstance(leaf, Tensor))


class QFunctional(QuantizedOutput):
    """Offer arithmetic in 8 bits as methods.

    Attributes:
        name: the module's full name in its model.
        scale, zero_point, dtype: of everything the methods return; scale is 0 where calibration never came by.
        activation_post_process: called with all that the methods return; hooks on it see that.
    """

    def __init__(self) -> None:
        super().__init__()
        self.name = ""
        self.activation_post_process: nn.Module = nn.Identity()

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> QFunctional:
        """Make one of an observed FloatFunctional."""
        functional = cls()
        if has_qparams(mod.activation_post_process):
            functional.take_output(mod)
        else:
            functional.set_output(0.0, 0)
        return functional

    def add(self, x: Any, y: Any) -> QTensor:
        """Compute `x + y`."""
        return self._arithmetic("add", x, y) if isinstance(y, Tensor) else self.add_scalar(x, y)

    def add_relu(self, x: Any, y: Any) -> QTensor:
        """Compute `max(x + y, 0)`."""
        return self._arithmetic("add", x, y, "relu")

    def mul(self, x: Any, y: Any) -> QTensor:
        """Compute `x · y`, element by element."""
        return self._arithmetic("mul", x, y) if isinstance(y, Tensor) else self.mul_scalar(x, y)

    def add_scalar(self, x: Any, y: float) -> QTensor:
        """Compute `x + y` for a number y."""
        return self.leave(self._table(torch.add, x, y))

    def mul_scalar(self, x: Any, y: float) -> QTensor:
        """Compute `x · y` for a number y."""
        return self.leave(self._table(torch.mul, x, y))

    def cat(self, x: Sequence[Any], dim: int = 0) -> QTensor:
        """Bring tensors to the output's qparams and concatenate them along an axis."""
        value = self._output()
        same = [self._table(torch.add, part, 0.0) for part in x]
        axis = dim % same[0].dim()
        return self.leave(operators.apply("concat", same, [value] * len(same), value, axis=axis))

    def matmul(self, x: Any, y: Any) -> QTensor:
        """Compute the matrix product in float and quantize it: two counted conversions and one back."""
        real = [self._enter(operand).dequantize() for operand in (x, y)]
        for kind in ("dequantize", "dequantize", "quantize"):
            conversions.count(self.name or self._get_name(), kind)
        value = self._output()
        return self.leave(operators.quantize(torch.matmul(*real), value))

    def forward(self, x: Any) -> Any:
        """Refuse to be called.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError("QFunctional is not called itself; call its add, mul, cat, add_relu or matmul")

    def leave(self, q: Tensor) -> QTensor:
        """Say what integers stand for, and show them to who looks."""
        return self.activation_post_process(super().leave(q))

    def _arithmetic(self, operator: str, x: Any, y: Any, activation: str | None = None) -> QTensor:
        a, b, value = self._enter(x), self._enter(y), self._output()
        clamps = saturation(activation, value)
        return self.leave(operators.apply(operator, (a.int_repr(), b.int_repr()), (a.value, b.value), value, **clamps))

    def _table(self, function: Any, x: Any, number: float) -> Tensor:
        a = self._enter(x)
        return apply_function(function, (float(number),), a.int_repr(), a.value, self._output())

    def _enter(self, x: Any) -> QTensor:
        if not isinstance(x, QTensor):
            raise FloatInputError(self.name, self._get_name(), x)
        return x

    def _output(self) -> Value:
        if not self.scale:
            raise QuantizationError(
                f"module '{self.name}' (QFunctional) was never called while the model was calibrated, so its output "
                "has no scale. Remedy: calibrate with data for which the model calls it"
            )
        return self.output_value

    def extra_repr(self) -> str:
        """Show the qparams."""
        return f"scale={self.scale}, zero_point={self.zero_point}" if self.scale else "not calibrated"
