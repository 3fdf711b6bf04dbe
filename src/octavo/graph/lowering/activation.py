"""Activations and other functions of one element, and softmax."""

from __future__ import annotations

import math
from typing import Any

import torch

from octavo.graph.lowering.builder import Builder
from octavo.graph.lowering.registry import Unsupported, Value, lowers, operator_key


def _function(b: Builder, x: Value, function: str, **parameters: float) -> Value:
    return b.elementwise("function", x, {"function": function, **parameters})


def clamp_node(b: Builder, x: Value, low: float | None, high: float | None, suffix: str = "") -> Value:
    """Append `min(max(x, low), high)`."""
    return b.elementwise("clamp", x, {"min": low, "max": high}, suffix=suffix)


@lowers("relu")
def relu(b: Builder, x: Value) -> Value:
    """Lower `max(x, 0)`."""
    return clamp_node(b, x, 0.0, None)


@lowers("relu6")
def relu6(b: Builder, x: Value) -> Value:
    """Lower `min(max(x, 0), 6)`."""
    return clamp_node(b, x, 0.0, 6.0)


@lowers("hardtanh", "clamp", "clip", integers=True)
def clamp(b: Builder, x: Value, low: Any = None, high: Any = None, **names: Any) -> Value:
    """Lower a clamp; the defaults of hardtanh are written out by export only where they differ from −1 and 1."""
    if operator_key(b.current.target) == "hardtanh":
        low, high = -1.0 if low is None else low, 1.0 if high is None else high
    low, high = names.get("min", low), names.get("max", high)
    if any(isinstance(v, (torch.Tensor, Value)) for v in (low, high)):
        raise Unsupported("its bounds are tensors", "clamp to numbers")
    low, high = (None if v is None or math.isinf(v) else float(v) for v in (low, high))
    return clamp_node(b, x, low, high)


@lowers("clamp_min", integers=True)
def clamp_min(b: Builder, x: Value, low: float) -> Value:
    """Lower `max(x, low)`."""
    return clamp(b, x, low)


@lowers("clamp_max", integers=True)
def clamp_max(b: Builder, x: Value, high: float) -> Value:
    """Lower `min(x, high)`."""
    return clamp(b, x, None, high)


@lowers(
    "sigmoid", "tanh", "exp", "silu", "hardswish", "hardsigmoid", "erf", "log", "sqrt", "neg", "abs", "reciprocal",
    "mish", "log_sigmoid", "rsqrt", "sin", "cos",
)  # fmt: skip
def function(b: Builder, x: Value) -> Value:
    """Lower a function that has no parameters."""
    return _function(b, x, operator_key(b.current.target))


@lowers("gelu")
def gelu(b: Builder, x: Value, *, approximate: str = "none") -> Value:
    """Lower GELU, exact or in its tanh approximation."""
    return _function(b, x, "gelu" if approximate == "none" else "gelu_tanh")


@lowers("leaky_relu")
def leaky_relu(b: Builder, x: Value, negative_slope: float = 0.01) -> Value:
    """Lower `x if x > 0 else negative_slope · x`."""
    return _function(b, x, "leaky_relu", negative_slope=float(negative_slope))


@lowers("elu")
def elu(b: Builder, x: Value, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> Value:
    """Lower `scale · (x if x > 0 else alpha · (exp(input_scale · x) − 1))`."""
    if input_scale <= 0:
        raise Unsupported(f"it scales its input by {input_scale}", "use a factor above 0")
    return _function(b, x, "elu", alpha=float(alpha), scale=float(scale), input_scale=float(input_scale))


@lowers("selu")
def selu(b: Builder, x: Value) -> Value:
    """Lower SELU, an ELU of two constants.

    Reference: Klambauer et al. 2017, Self-Normalizing Neural Networks, arXiv:1706.02515, equation 2.
    """
    return elu(b, x, 1.6732632423543772, 1.0507009873554805)


@lowers("celu")
def celu(b: Builder, x: Value, alpha: float = 1.0) -> Value:
    """Lower `x if x > 0 else alpha · (exp(x / alpha) − 1)`."""
    return elu(b, x, alpha, 1.0, 1.0 / alpha)


@lowers("softplus")
def softplus(b: Builder, x: Value, beta: float = 1.0, threshold: float = 20.0) -> Value:
    """Lower `log(1 + exp(beta · x)) / beta`."""
    if beta <= 0:
        raise Unsupported(f"its beta is {beta}", "use a beta above 0")
    return _function(b, x, "softplus", beta=float(beta), threshold=float(threshold))


@lowers("prelu", "_prelu_kernel")
def prelu(b: Builder, x: Value, weight: Any) -> Value:
    """Lower `x if x >= 0 else slope · x`: one slope for all is a leaky ReLU, which has a table in 8 bits."""
    if not isinstance(weight, torch.Tensor):
        raise Unsupported("its slope depends on the input")
    if weight.numel() == 1:
        return _function(b, x, "leaky_relu", negative_slope=float(weight))
    return b.emit("prelu", (x,), None, {}, {"slope": weight.reshape(-1)})


@lowers("softmax", "_softmax")
def softmax(b: Builder, x: Value, axis: int, dtype: Any = None) -> Value:
    """Lower softmax over one axis."""
    return b.emit("softmax", (x,), None, {"axis": axis % len(b.shape(x))})


@lowers("log_softmax", "_log_softmax")
def log_softmax(b: Builder, x: Value, axis: int, dtype: Any = None) -> Value:
    """Lower log_softmax over one axis."""
    return b.emit("log_softmax", (x,), None, {"axis": axis % len(b.shape(x))})
