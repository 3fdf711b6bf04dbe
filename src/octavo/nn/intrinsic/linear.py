"""Float linear layers fused with what follows them."""

from __future__ import annotations

from torch import nn

from octavo.nn.intrinsic.fused_module import _FusedModule, _NormFused


class LinearReLU(_FusedModule):
    """Run Linear and ReLU."""

    parts = (nn.Linear, nn.ReLU)


class LinearBn1d(_NormFused):
    """Run Linear and BatchNorm1d."""

    parts = (nn.Linear, nn.BatchNorm1d)


class LinearLeakyReLU(_FusedModule):
    """Run Linear and LeakyReLU."""

    parts = (nn.Linear, nn.LeakyReLU)


class LinearTanh(_FusedModule):
    """Run Linear and Tanh."""

    parts = (nn.Linear, nn.Tanh)
