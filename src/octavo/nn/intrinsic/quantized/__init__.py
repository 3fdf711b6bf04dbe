"""Fused modules that compute in 8 bits."""

from octavo.nn.intrinsic.quantized.batch_norm import BNReLU2d, BNReLU3d
from octavo.nn.intrinsic.quantized.conv import ConvAdd2d, ConvAddReLU2d, ConvReLU1d, ConvReLU2d, ConvReLU3d
from octavo.nn.intrinsic.quantized.linear import LinearLeakyReLU, LinearReLU, LinearTanh

__all__ = [
    "BNReLU2d",
    "BNReLU3d",
    "ConvAdd2d",
    "ConvAddReLU2d",
    "ConvReLU1d",
    "ConvReLU2d",
    "ConvReLU3d",
    "LinearLeakyReLU",
    "LinearReLU",
    "LinearTanh",
]
