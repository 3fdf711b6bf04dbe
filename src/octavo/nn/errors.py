"""What goes wrong between layers in 8 bits and layers in float: each with the module's name and the remedy."""

from __future__ import annotations

from typing import Any

from torch import Tensor


class QuantizationError(RuntimeError):
    """Something cannot be quantized as asked; the message names the module and the remedy."""


class FloatInputError(QuantizationError):
    """A float tensor came to a module that computes in 8 bits."""

    def __init__(self, name: str, kind: str, x: Any) -> None:
        got = f"a {x.dtype} tensor of shape {list(x.shape)}" if isinstance(x, Tensor) else f"a {type(x).__name__}"
        super().__init__(
            f"module '{name}' ({kind}) got {got}, expected a QTensor in 8 bits; put a QuantStub before it in the float "
            "model, prepare with define_by_run=True, or set its qconfig to None to keep it in float"
        )
