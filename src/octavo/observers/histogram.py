"""A histogram of everything seen, and the range that quantizes it best."""

from __future__ import annotations

import math

import torch

from octavo.numerics import DEFAULT_EPS, is_symmetric, qscheme_name
from octavo.observers.base import Observer
from octavo.observers.bins import MAX_BINS, MIN_BINS, fit_bins, merge_bins
from octavo.observers.density import Density
from octavo.observers.scan import count_bins, find_range, flatten_dense
from octavo.observers.search import search_range


class HistogramObserver(Observer):
    """Choose the range with the least squared quantization error over all that was seen.

    Counts are exact and memory is constant: bins are as wide as a power of two with an edge at 0, and when the range
    grows they merge by whole pairs, so that the histogram does not depend on the order of the batches. `search_range`
    then minimizes the error of the histogram, what is clipped included.

    Args:
        bins: how many, 16 to 2²⁰; half of them at least are in use once two different numbers were seen.
        dtype, qscheme, quant_min, quant_max, eps: see `Observer`.

    Attributes:
        histogram: [bins] int64 buffer.
        exponent: int64 buffer; a bin is 2^exponent wide.
        first: int64 buffer; bin i of the histogram is [(first + i) · 2^exponent, (first + i + 1) · 2^exponent).

    Reference: Sung, Shin and Hwang, "Resiliency of Deep Neural Networks under Quantization", 2015, section 3 (squared
        error as the measure).
    """

    histogram: torch.Tensor
    exponent: torch.Tensor
    first: torch.Tensor

    def __init__(
        self,
        bins: int = 2048,
        dtype: str | torch.dtype = "uint8",
        qscheme: str | torch.qscheme = "per_tensor_affine",
        quant_min: int | None = None,
        quant_max: int | None = None,
        eps: float = DEFAULT_EPS,
    ) -> None:
        super().__init__(dtype, qscheme, quant_min, quant_max, eps)
        if self.dtype == "int32":
            raise ValueError("HistogramObserver: got dtype 'int32', expected 'uint8' or 'int8'")
        if not MIN_BINS <= bins <= MAX_BINS:
            raise ValueError(f"bins: got {bins}, expected {MIN_BINS} to {MAX_BINS}")
        self.bins = bins
        self.register_buffer("histogram", torch.zeros(bins, dtype=torch.int64))
        self.register_buffer("exponent", torch.zeros((), dtype=torch.int64))
        self.register_buffer("first", torch.zeros((), dtype=torch.int64))

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
        if bool(self.histogram.any()):
            merged = merge_bins(self.histogram, int(self.first), exponent - int(self.exponent), first)
            self.histogram.copy_(merged)
        self.exponent.fill_(exponent)
        self.first.fill_(first)

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
