"""What every function of QTensors asks of its input."""

from __future__ import annotations

from typing import Any

from octavo.nn.errors import FloatInputError
from octavo.nn.qtensor import QTensor


def quantized(name: str, x: Any) -> QTensor:
    """Return x, which must be a QTensor.

    Args:
        name: of the function.
        x: its input.

    Raises:
        FloatInputError: x is a float tensor.
    """
    if not isinstance(x, QTensor):
        raise FloatInputError(name, "octavo.nn.quantized.functional", x)
    return x
