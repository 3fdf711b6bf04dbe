"""A module that takes 8-bit tensors and returns one."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor

from octavo.nn.module import QuantizedModule
from octavo.nn.output import QuantizedOutput
from octavo.nn.qtensor import QTensor
from octavo.program import ShapeError


class QuantizedLayer(QuantizedOutput, QuantizedModule):
    """Run the module's program; the output has the module's own qparams.

    Attributes:
        axes: how many spatial axes the first input has, besides batch and channels; None: its rank is free.
    """

    axes: ClassVar[int | None] = None

    def forward(self, x: QTensor) -> QTensor:
        """Compute in 8 bits.

        Raises:
            FloatInputError: x is a float tensor.
            ShapeError: x has another number of axes.
        """
        return self.compute(x)

    def compute(self, *inputs: Any) -> QTensor:
        """Run the program on inputs, each in 8 bits or brought to it; samples without a batch axis are batches of 1."""
        entered = [self.enter(x) for x in inputs]
        tensors: list[Tensor] = [x.int_repr() for x in entered]
        values = [x.value for x in entered]
        if self.axes is None or tensors[0].dim() == self.axes + 2:
            return self.leave(self.call(tensors, values)[0])
        if tensors[0].dim() != self.axes + 1:
            raise ShapeError(
                f"module '{self.name}' ({self._get_name()}): the input's shape is {list(tensors[0].shape)}, expected "
                f"[n, c, …] with {self.axes} spatial axes"
            )
        return self.leave(self.call([x.unsqueeze(0) for x in tensors], values)[0].squeeze(0))

    def qparams_repr(self) -> str:
        """Show the output's qparams."""
        return f"scale={self.scale}, zero_point={self.zero_point}"
