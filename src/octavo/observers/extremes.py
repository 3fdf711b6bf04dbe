"""Observers that keep nothing but a range, and let each batch's least and greatest value move it."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
import torch.distributed as dist

from octavo.observers.observer import Observer
from octavo.observers.sync import reduce_extremes


class ExtremesObserver(Observer, ABC):
    """Let the least and the greatest value of each batch move the range."""

    @abstractmethod
    def extremes(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the least and the greatest value of a batch, float32, NaN or infinite where x is."""

    def follow(self, low: torch.Tensor, high: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the range after a batch with these extremes: here, what holds both."""
        return torch.minimum(self.min_val, low), torch.maximum(self.max_val, high)

    def observe(self, x: torch.Tensor) -> None:
        """Move the range by x."""
        low, high = self.extremes(x)
        if not bool((torch.isfinite(low) & torch.isfinite(high)).all()):
            self.refuse_non_finite(x)
        self._move(low, high)

    def track(self, x: torch.Tensor) -> None:
        """Move the range by x without waiting for its device; where x is not finite, it is left out."""
        if x.numel():
            self._move(*self.extremes(x.detach()))

    def _move(self, low: torch.Tensor, high: torch.Tensor) -> None:
        if self.min_val.shape != low.shape:
            # In place: what holds these buffers (DistributedDataParallel) must see the same tensors.
            self.min_val.resize_(low.shape).fill_(torch.inf)
            self.max_val.resize_(low.shape).fill_(-torch.inf)
        finite = torch.isfinite(low) & torch.isfinite(high)
        min_val, max_val = self.follow(low, high)
        self.min_val.copy_(torch.where(finite, min_val, self.min_val))
        self.max_val.copy_(torch.where(finite, max_val, self.max_val))

    def sync(self, group: dist.ProcessGroup | None = None) -> None:
        """Take the least and the greatest over all ranks; all of them must call it."""
        reduce_extremes(self.min_val, self.max_val, group)
