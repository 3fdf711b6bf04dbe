"""Float convolutions fused with what follows them."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from octavo.nn.intrinsic.fused_module import _FusedModule, _NormFused


class ConvReLU1d(_FusedModule):
    """Run Conv1d and ReLU."""

    parts = (nn.Conv1d, nn.ReLU)


class ConvReLU2d(_FusedModule):
    """Run Conv2d and ReLU."""

    parts = (nn.Conv2d, nn.ReLU)


class ConvReLU3d(_FusedModule):
    """Run Conv3d and ReLU."""

    parts = (nn.Conv3d, nn.ReLU)


class ConvBn1d(_NormFused):
    """Run Conv1d and BatchNorm1d."""

    parts = (nn.Conv1d, nn.BatchNorm1d)


class ConvBn2d(_NormFused):
    """Run Conv2d and BatchNorm2d."""

    parts = (nn.Conv2d, nn.BatchNorm2d)


class ConvBn3d(_NormFused):
    """Run Conv3d and BatchNorm3d."""

    parts = (nn.Conv3d, nn.BatchNorm3d)


class ConvBnReLU1d(_NormFused):
    """Run Conv1d, BatchNorm1d and ReLU."""

    parts = (nn.Conv1d, nn.BatchNorm1d, nn.ReLU)


class ConvBnReLU2d(_NormFused):
    """Run Conv2d, BatchNorm2d and ReLU."""

    parts = (nn.Conv2d, nn.BatchNorm2d, nn.ReLU)


class ConvBnReLU3d(_NormFused):
    """Run Conv3d, BatchNorm3d and ReLU."""

    parts = (nn.Conv3d, nn.BatchNorm3d, nn.ReLU)


class ConvAdd2d(_FusedModule):
    """Compute `add(conv(x1), x2)`.

    Args:
        conv: an nn.Conv2d.
        add: takes two tensors, such as `torch.add`.
    """

    parts = (nn.Conv2d,)

    def __init__(self, conv: nn.Module, add: Any) -> None:
        super().__init__(conv)
        self.add = add

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:  # type: ignore[override]
        """Convolve x1 and add x2, of the shape of the result."""
        return self.add(self[0](x1), x2)


class ConvAddReLU2d(ConvAdd2d):
    """Compute `relu(add(conv(x1), x2))`.

    Args:
        conv: an nn.Conv2d.
        add: takes two tensors, such as `torch.add`.
        relu: takes one tensor, such as `nn.ReLU()`.
    """

    def __init__(self, conv: nn.Module, add: Any, relu: Any) -> None:
        super().__init__(conv, add)
        self.relu = relu

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:  # type: ignore[override]
        """Convolve x1, add x2, of the shape of the result, and rectify."""
        return self.relu(super().forward(x1, x2))
