"""Functions of one element whose output qparams are known without an observer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from octavo.nn.qtensor import QTensor
from octavo.nn.qtensor_functions.registry import implements
from octavo.ops.tables import apply_function
from octavo.program import Value

# What lies in [0, 1) or [−1, 1) has one scale for every model, as in torch.ao; zero_points of uint8 and int8.
_UNIT = (1.0 / 256, {"uint8": 0, "int8": -128})
_SIGNED = (1.0 / 128, {"uint8": 128, "int8": 0})


@implements(torch.relu, F.relu, Tensor.relu)
def relu(x: QTensor, inplace: bool = False) -> QTensor:
    """Compute `max(x, 0)` with x's qparams: `max(q, z)`."""
    return _kept(x, inplace, torch.relu)


@implements(torch.relu_, Tensor.relu_)
def relu_(x: QTensor) -> QTensor:
    """Compute `max(x, 0)` in place."""
    return relu(x, True)


@implements(F.relu6)
def relu6(x: QTensor, inplace: bool = False) -> QTensor:
    """Compute `min(max(x, 0), 6)` with x's qparams."""
    return hardtanh(x, 0.0, 6.0, inplace)


@implements(F.hardtanh)
def hardtanh(x: QTensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> QTensor:
    """Clamp to [min_val, max_val] with x's qparams; an end that is between two integers becomes the nearer."""
    return _kept(x, inplace, torch.clamp, float(min_val), float(max_val))


@implements(F.hardtanh_)
def hardtanh_(x: QTensor, min_val: float = -1.0, max_val: float = 1.0) -> QTensor:
    """Clamp in place."""
    return hardtanh(x, min_val, max_val, True)


@implements(torch.clamp, torch.clip, Tensor.clamp, Tensor.clip)
def clamp(x: QTensor, min: Any = None, max: Any = None, inplace: bool = False) -> Any:
    """Clamp to [min, max] with x's qparams; an end that is between two integers becomes the nearer."""
    if isinstance(min, Tensor) or isinstance(max, Tensor) or (min is None and max is None):
        return NotImplemented
    ends = [None if end is None else float(end) for end in (min, max)]
    return _kept(x, inplace, torch.clamp, *ends)


@implements(torch.clamp_, torch.clip_, Tensor.clamp_, Tensor.clip_)
def clamp_(x: QTensor, min: Any = None, max: Any = None) -> Any:
    """Clamp in place."""
    return clamp(x, min, max, True)


@implements(torch.clamp_min, Tensor.clamp_min)
def clamp_min(x: QTensor, min: Any) -> Any:
    """Clamp from below."""
    return clamp(x, min)


@implements(torch.clamp_max, Tensor.clamp_max)
def clamp_max(x: QTensor, max: Any) -> Any:
    """Clamp from above."""
    return clamp(x, None, max)


@implements(F.threshold)
def threshold(x: QTensor, threshold: float, value: float, inplace: bool = False) -> QTensor:
    """Keep what is above the threshold, put value in the place of the rest, with x's qparams."""
    return _kept(x, inplace, F.threshold, float(threshold), float(value))


@implements(F.leaky_relu)
def leaky_relu(x: QTensor, negative_slope: float = 0.01, inplace: bool = False) -> QTensor:
    """Compute `max(x, 0) + negative_slope · min(x, 0)` with x's qparams."""
    return _kept(x, inplace, F.leaky_relu, float(negative_slope))


@implements(torch.sigmoid, F.sigmoid, Tensor.sigmoid, torch.special.expit)
def sigmoid(x: QTensor) -> QTensor:
    """Compute `1 / (1 + exp(−x))` with scale 1/256; the zero_point is the dtype's least integer."""
    return _fixed(x, *_UNIT, torch.sigmoid)


@implements(F.hardsigmoid)
def hardsigmoid(x: QTensor, inplace: bool = False) -> Any:
    """Compute `clamp(x / 6 + 1/2, 0, 1)` with scale 1/256; the zero_point is the dtype's least integer."""
    return NotImplemented if inplace else _fixed(x, *_UNIT, F.hardsigmoid)


@implements(torch.tanh, F.tanh, Tensor.tanh)
def tanh(x: QTensor) -> QTensor:
    """Compute the hyperbolic tangent with scale 1/128; the zero_point is the dtype's middle."""
    return _fixed(x, *_SIGNED, torch.tanh)


def _kept(x: QTensor, inplace: bool, function: Callable[..., Tensor], *arguments: Any) -> QTensor:
    q = apply_function(function, arguments, x.int_repr(), x.value, x.value)
    return x.replace_data(q) if inplace else x.with_data(q)


def _fixed(x: QTensor, scale: float, zero_points: dict[str, int], function: Callable[..., Tensor]) -> QTensor:
    y = Value(x.qdtype, scale, zero_points[x.qdtype])
    return QTensor.of(apply_function(function, (), x.int_repr(), x.value, y), y)
