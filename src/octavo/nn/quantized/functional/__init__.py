"""Functions of QTensors by the names people know."""

from octavo.nn.quantized.functional.activation import (
    celu,
    clamp,
    elu,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    threshold,
)
from octavo.nn.quantized.functional.layers import conv1d, conv2d, conv3d, linear
from octavo.nn.quantized.functional.pooling import (
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    avg_pool2d,
    avg_pool3d,
    interpolate,
    max_pool1d,
    max_pool2d,
    upsample,
    upsample_bilinear,
    upsample_nearest,
)

__all__ = [
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "avg_pool2d",
    "avg_pool3d",
    "celu",
    "clamp",
    "conv1d",
    "conv2d",
    "conv3d",
    "elu",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "interpolate",
    "leaky_relu",
    "linear",
    "max_pool1d",
    "max_pool2d",
    "threshold",
    "upsample",
    "upsample_bilinear",
    "upsample_nearest",
]
