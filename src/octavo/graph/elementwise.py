"""Functions of one element: their meaning in PyTorch, and which of them do not fit 8 bits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

_FUNCTIONS: Mapping[str, Callable[..., Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "exp": torch.exp,
    "silu": F.silu,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "hardswish": F.hardswish,
    "hardsigmoid": F.hardsigmoid,
    "erf": torch.erf,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "rsqrt": torch.rsqrt,
    "sin": torch.sin,
    "cos": torch.cos,
    "neg": torch.neg,
    "abs": torch.abs,
    "reciprocal": torch.reciprocal,
    "mish": F.mish,
    "log_sigmoid": F.logsigmoid,
    "leaky_relu": lambda x, negative_slope: F.leaky_relu(x, negative_slope),
    "elu": lambda x, alpha, scale, input_scale: torch.ops.aten.elu(x, alpha, scale, input_scale),
    "softplus": lambda x, beta, threshold: F.softplus(x, beta, threshold),
}

FLOAT_ONLY = frozenset({"exp", "log", "sqrt", "rsqrt", "reciprocal", "sin", "cos"})
"""Functions whose result spans too many magnitudes for 8 bits, or is infinite within the range of a quantized input, or
whose input has many periods."""


def apply(attributes: Mapping[str, Any], x: Tensor) -> Tensor:
    """Compute a function node.

    Args:
        attributes: `function` and its parameters.
        x: any shape, float.

    Returns: as x.
    """
    parameters = {key: value for key, value in attributes.items() if key != "function"}
    return _FUNCTIONS[attributes["function"]](x, **parameters)
