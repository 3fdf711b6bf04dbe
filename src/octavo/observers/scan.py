"""Read a tensor once: its range, and its counts in the bins of a histogram."""

from __future__ import annotations

import torch

from octavo import _core


def flatten_dense(x: torch.Tensor) -> torch.Tensor:
    """Return all elements of x as contiguous float32 [x.numel()], in an order of no meaning.

    A tensor that fills its memory (channels-last or transposed ones too) is not copied.
    """
    x = x.float()
    expected = 1
    for stride, size in sorted(zip(x.stride(), x.shape, strict=True)):
        if size != 1 and stride != expected:
            return x.reshape(-1).contiguous()
        expected *= size
    return x.as_strided((x.numel(),), (1,))


def find_range(x: torch.Tensor) -> tuple[float, float, bool]:
    """Find the least and the greatest element, and whether all are finite.

    Args:
        x: [n] float32, contiguous, n ≥ 1.
    """
    if x.device.type == "cpu":
        return _core.min_max(x)
    low, high = torch.aminmax(x)
    return low.item(), high.item(), bool(torch.isfinite(low) & torch.isfinite(high))


def count_bins(x: torch.Tensor, inv_width: float, first: int, counts: torch.Tensor) -> tuple[float, float, bool, bool]:
    """Add x to counts; the bin of x is `floor(x · inv_width) − first`.

    Args:
        x: [n] float32, contiguous, n ≥ 1.
        inv_width: a power of two.
        first: the number of the first bin; bin 0 is [0, 1/inv_width).
        counts: [bins] int64, contiguous.

    Returns: min and max of x, whether all of it is finite, and whether it was counted: nothing is unless all of x is
        finite and has a bin.
    """
    if x.device.type == "cpu" and counts.device.type == "cpu":
        return _core.histogram(x, inv_width, first, counts)
    return count_bins_torch(x, inv_width, first, counts)


def count_bins_torch(
    x: torch.Tensor, inv_width: float, first: int, counts: torch.Tensor
) -> tuple[float, float, bool, bool]:
    """Do what `count_bins` does, on any device."""
    low, high, finite = find_range(x)
    ends = torch.floor(torch.tensor([low, high]) * inv_width)
    if not finite or ends[0] < first or ends[1] >= first + counts.numel():
        return low, high, finite, False
    index = torch.floor(x * inv_width).to(torch.int64) - first
    counts += torch.bincount(index, minlength=counts.numel()).to(counts.device)
    return low, high, True, True
