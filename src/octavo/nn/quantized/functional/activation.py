"""Functions of one element of QTensors."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from octavo.nn.qtensor import QTensor
from octavo.nn.quantized.functional.checks import quantized
from octavo.ops.tables import apply_function
from octavo.program import Value


def _table(name: str, x: Any, scale: float, zero_point: int, function: Any, *arguments: Any) -> QTensor:
    """Apply a function with a table, for an output of these qparams and x's dtype."""
    x = quantized(name, x)
    y = Value(x.qdtype, float(torch.tensor(scale, dtype=torch.float32)), int(zero_point))
    return QTensor.of(apply_function(function, arguments, x.int_repr(), x.value, y), y)


def celu(input: QTensor, scale: float, zero_point: int, alpha: float = 1.0) -> QTensor:
    """Compute `max(x, 0) + min(alpha · (exp(x / alpha) − 1), 0)`; scale and zero_point of the output."""
    return _table("celu", input, scale, zero_point, F.celu, float(alpha))


def elu(input: QTensor, scale: float, zero_point: int, alpha: float = 1.0) -> QTensor:
    """Compute `max(x, 0) + min(alpha · (exp(x) − 1), 0)`; scale and zero_point of the output."""
    return _table("elu", input, scale, zero_point, F.elu, float(alpha))


def hardswish(input: QTensor, scale: float, zero_point: int) -> QTensor:
    """Compute `x · clamp(x + 3, 0, 6) / 6`; scale and zero_point of the output."""
    return _table("hardswish", input, scale, zero_point, F.hardswish)


def leaky_relu(
    input: QTensor, negative_slope: float = 0.01, inplace: bool = False, scale: float | None = None,
    zero_point: int | None = None,
) -> Any:  # fmt: skip
    """Compute `max(x, 0) + negative_slope · min(x, 0)`; scale and zero_point of the output, None: the input's.

    Raises:
        ValueError: a new scale in place.
    """
    if scale is None or zero_point is None:
        return F.leaky_relu(quantized("leaky_relu", input), negative_slope, inplace)
    if inplace:
        raise ValueError("leaky_relu: got inplace=True with a scale; expected one of them: in place it keeps its scale")
    return _table("leaky_relu", input, scale, zero_point, F.leaky_relu, float(negative_slope))


def hardtanh(input: QTensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Any:
    """Clamp to [min_val, max_val]; the input's qparams stay."""
    return F.hardtanh(quantized("hardtanh", input), min_val, max_val, inplace)


def hardsigmoid(input: QTensor, inplace: bool = False) -> Any:
    """Compute `clamp(x / 6 + 1/2, 0, 1)` with scale 1/256 and the dtype's least integer as zero_point."""
    return F.hardsigmoid(quantized("hardsigmoid", input), inplace)


def threshold(input: QTensor, threshold: float, value: float) -> Any:
    """Keep what is above the threshold, put value in the place of the rest; the input's qparams stay."""
    return F.threshold(quantized("threshold", input), threshold, value)


def clamp(input: QTensor, min_: float, max_: float) -> Any:
    """Clamp to [min_, max_]; the input's qparams stay."""
    return torch.clamp(quantized("clamp", input), min_, max_)
