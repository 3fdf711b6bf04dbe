"""Share what observers have seen with the other ranks of torch.distributed."""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import nn

from octavo.observers.base import ObserverBase


def is_distributed(group: dist.ProcessGroup | None = None) -> bool:
    """Tell whether there are other ranks to share with."""
    return dist.is_available() and dist.is_initialized() and dist.get_world_size(group) > 1


def sync_observers(module: nn.Module, group: dist.ProcessGroup | None = None) -> None:
    """Share what the observers in a module have seen, so that all ranks choose the same qparams.

    Call it on every rank, once each has run its share of the calibration data through the prepared model and before
    converting it. Nothing happens where torch.distributed is not initialized.

    Args:
        module: prepared, equal on all ranks.
        group: the ranks; None for all.
    """
    if is_distributed(group):
        for observer in module.modules():
            if isinstance(observer, ObserverBase):
                observer.sync(group)


def reduce_extremes(min_val: torch.Tensor, max_val: torch.Tensor, group: dist.ProcessGroup | None = None) -> None:
    """Replace the range of each rank by what holds them all, in one reduction."""
    if not is_distributed(group):
        return
    both = torch.stack([-min_val, max_val])
    dist.all_reduce(both, dist.ReduceOp.MAX, group=group)
    min_val.copy_(-both[0])
    max_val.copy_(both[1])


def reduce_means(min_val: torch.Tensor, max_val: torch.Tensor, group: dist.ProcessGroup | None = None) -> None:
    """Replace the range of each rank by the mean over those that have seen something, in one reduction."""
    if not is_distributed(group):
        return
    seen = torch.isfinite(min_val) & torch.isfinite(max_val)
    nothing = torch.zeros_like(min_val)
    sums = torch.stack([torch.where(seen, min_val, nothing), torch.where(seen, max_val, nothing), seen.float()])
    dist.all_reduce(sums, dist.ReduceOp.SUM, group=group)
    low, high, count = sums
    min_val.copy_(torch.where(count > 0, low / count, min_val))
    max_val.copy_(torch.where(count > 0, high / count, max_val))
