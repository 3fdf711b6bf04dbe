"""Layers in training for dynamic quantization."""

from octavo.nn.qat.dynamic.linear import Linear

__all__ = ["Linear"]
