"""A histogram of everything seen, and the range that quantizes it best."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.distributed as dist

from octavo.numerics import DEFAULT_EPS, is_symmetric, qscheme_name
from octavo.observers.bins import MAX_BINS, MIN_BINS, fit_bins, merge_bins
from octavo.observers.density import Density
from octavo.observers.observer import Observer
from octavo.observers.scan import count_bins, find_range, flatten_dense
from octavo.observers.search import search_range
from octavo.observers.sync import is_distributed, reduce_extremes


class HistogramObserver(Observer):
    """Choose the range with the least squared quantization error over all that was seen.

    Counts are exact and memory is constant: bins are as wide as a power of two with an edge at 0, and when the range
    grows they merge by whole pairs, so that the histogram does not depend on the order of the batches. `search_range`
    then minimizes the error of the histogram, what is clipped included.

    Args:
        bins: how many, 16 to 2²⁰; half of them at least are in use once two different numbers were seen.
        dtype, qscheme, reduce_range, quant_min, quant_max, factory_kwargs, eps: see
            `UniformQuantizationObserverBase`.
        is_dynamic: refused; a histogram is of many tensors.
        upsample_rate: not used: bins merge whole, so that nothing has to be spread over finer ones.

    Attributes:
        histogram: [bins] int64 buffer.
        exponent: int64 buffer; a bin is 2^exponent wide.
        first: int64 buffer; bin i of the histogram is [(first + i) · 2^exponent, (first + i + 1) · 2^exponent).
        shared: [bins] int64 buffer, the part of the histogram that all ranks have since `sync`; [0] before that.

    Reference: Sung, Shin and Hwang, "Resiliency of Deep Neural Networks under Quantization", 2015, section 3 (squared
        error as the measure).
    """

    histogram: torch.Tensor
    exponent: torch.Tensor
    first: torch.Tensor
    shared: torch.Tensor

    def __init__(
        self,
        bins: int = 2048,
        dtype: str | torch.dtype = "uint8",
        qscheme: str | torch.qscheme = "per_tensor_affine",
        reduce_range: bool = False,
        quant_min: int | None = None,
        quant_max: int | None = None,
        factory_kwargs: Mapping[str, Any] | None = None,
        eps: float = DEFAULT_EPS,
        is_dynamic: bool = False,
        upsample_rate: int | None = None,
    ) -> None:
        if is_dynamic:
            raise ValueError("HistogramObserver: got is_dynamic, but dynamic qparams are those of one tensor")
        super().__init__(dtype, qscheme, reduce_range, quant_min, quant_max, factory_kwargs, eps)
        if self.dtype == "int32":
            raise ValueError("HistogramObserver: got dtype 'int32', expected 'uint8' or 'int8'")
        if not MIN_BINS <= bins <= MAX_BINS:
            raise ValueError(f"bins: got {bins}, expected {MIN_BINS} to {MAX_BINS}")
        self.bins = bins
        for name, shape in (("histogram", bins), ("exponent", ()), ("first", ()), ("shared", 0)):
            self.register_buffer(name, torch.zeros(shape, dtype=torch.int64, device=self.device))

    def observe(self, x: torch.Tensor) -> None:
        """Count x; the bins widen first where it reaches outside of them."""
        values = flatten_dense(x)
        counted = False
        if self.min_val.isinf():
            low, high, finite = find_range(values)
        else:
            low, high, finite, counted = self._count(values)
        if not finite:
            self.refuse_non_finite(x)
        self.min_val.clamp_(max=low)
        self.max_val.clamp_(min=high)
        if not counted:
            self._widen()
            self._count(values)

    def _count(self, values: torch.Tensor) -> tuple[float, float, bool, bool]:
        return count_bins(values, math.ldexp(1.0, -int(self.exponent)), int(self.first), self.histogram)

    def _widen(self) -> None:
        exponent, first = fit_bins(self.min_val.item(), self.max_val.item(), self.bins)
        for counts in (self.histogram, self.shared):
            if bool(counts.any()):
                counts.copy_(merge_bins(counts, int(self.first), exponent - int(self.exponent), first))
        self.exponent.fill_(exponent)
        self.first.fill_(first)

    def sync(self, group: dist.ProcessGroup | None = None) -> None:
        """Count on every rank what all of them have seen; all must call it, and may again after further batches."""
        if not is_distributed(group):
            return
        reduce_extremes(self.min_val, self.max_val, group)
        if not self.has_seen():
            return
        self._widen()
        if not self.shared.numel():
            self.shared.resize_(self.bins).zero_()
        own = self.histogram - self.shared
        dist.all_reduce(own, group=group)
        self.shared.add_(own)
        self.histogram.copy_(self.shared)

    def density(self) -> Density:
        """Return the histogram from the bin of min_val to that of max_val, as a density."""
        low, high, exponent = self.min_val.item(), self.max_val.item(), int(self.exponent)
        lowest, highest = math.floor(math.ldexp(low, -exponent)), math.floor(math.ldexp(high, -exponent))
        first = int(self.first)
        counts = self.histogram[lowest - first : highest - first + 1].double().cpu().numpy()
        return Density(counts, math.ldexp(1.0, exponent), lowest, low, high)

    def range(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the range with the least squared error."""
        low, high = search_range(
            self.density(),
            is_symmetric(qscheme_name(self.qscheme)),
            self.dtype,
            self.quant_min,
            self.quant_max,
            self.eps,
        )
        return torch.tensor(low, dtype=torch.float64), torch.tensor(high, dtype=torch.float64)

    def reset_min_max_vals(self) -> None:
        """Forget everything seen so far."""
        super().reset_min_max_vals()
        self.histogram.zero_()
        self.exponent.zero_()
        self.first.zero_()
        self.shared.resize_(0)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any, **kwargs: Any) -> None:
        if prefix + "shared" in state_dict:
            self.shared.resize_(state_dict[prefix + "shared"].shape)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
