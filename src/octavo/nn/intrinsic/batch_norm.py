"""Float batch norms fused with what follows them."""

from __future__ import annotations

from torch import nn

from octavo.nn.intrinsic.fused_module import _FusedModule


class BNReLU2d(_FusedModule):
    """Run BatchNorm2d and ReLU."""

    parts = (nn.BatchNorm2d, nn.ReLU)


class BNReLU3d(_FusedModule):
    """Run BatchNorm3d and ReLU."""

    parts = (nn.BatchNorm3d, nn.ReLU)
