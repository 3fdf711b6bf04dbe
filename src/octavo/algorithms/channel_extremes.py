"""The least and greatest value of each channel, over calibration data."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


class ChannelExtremes:
    """Watch values and keep the least and the greatest number of each of their channels.

    Args:
        axes: value to the axis of its channels.
    """

    def __init__(self, axes: Mapping[str, int]) -> None:
        self._axes = axes
        self._found: dict[str, tuple[Tensor, Tensor]] = {}

    def watch(self, value: str, tensor: Tensor) -> None:
        """Take note of a value."""
        if value not in self._axes or tensor.numel() == 0:
            return
        by_channel = tensor.movedim(self._axes[value], 0).flatten(1)
        least, most = by_channel.amin(1).double(), by_channel.amax(1).double()
        before = self._found.get(value)
        if before is not None:
            least, most = torch.minimum(least, before[0]), torch.maximum(most, before[1])
        self._found[value] = least, most

    def least(self, value: str) -> Tensor | None:
        """Return the least of each channel, [channels] float64; None where nothing was seen."""
        return self._found[value][0] if value in self._found else None

    def most(self, value: str) -> Tensor | None:
        """Return the greatest of each channel, [channels] float64; None where nothing was seen."""
        return self._found[value][1] if value in self._found else None
