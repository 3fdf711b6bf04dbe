"""Batch norm in 8 bits with a ReLU fused to it."""

from __future__ import annotations

from octavo.nn import quantized


class BNReLU2d(quantized.BatchNorm2d):
    """Normalize the channels of [n, c, h, w] in 8 bits and rectify."""

    activation = "relu"


class BNReLU3d(quantized.BatchNorm3d):
    """Normalize the channels of [n, c, d, h, w] in 8 bits and rectify."""

    activation = "relu"
