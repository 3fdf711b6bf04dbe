"""Fused modules with int8 weights whose inputs are quantized as they arrive."""

from octavo.nn.intrinsic.quantized.dynamic.linear import LinearReLU

__all__ = ["LinearReLU"]
