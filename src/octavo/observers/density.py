"""A histogram as a piecewise uniform density, and its quantization error for many qparams at once.

Positions are counted in bin widths from the first bin's lower edge. Prefix integrals over the density p,

    C(u) = ∫_{t<u} p(t) dt,    V(u) = ∫_{t<u} t·p(t) dt,

are polynomials of degree 1 and 2 inside a bin. A candidate (scale, zero_point) cuts the line half way between its
levels v into one cell for each integer, the outermost without end, and the squared error of a cell is

    ∫ p·(t − v)² = ∫ p·t² − 2·v·ΔV + v²·ΔC.

The first term summed over all cells does not depend on the candidate. So its exact error, what is clipped
included, costs one look-up an integer and nothing a bin.

Points at the bins' centres in place of the density would be simpler, but they favour scales that are a whole number of
bins: at four bins a step their mean squared error is 5/4 of a bin's square, not 4²/12.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]

_LEAST_WIDTH = 2.0**-10  # of the part of an end bin that holds its counts


@dataclass(frozen=True)
class Density:
    """Hold a histogram whose counts lie evenly in their bins, those of the end bins inside of [low, high].

    Args:
        counts: [bins] float64, ≥ 0.
        width: of a bin, > 0.
        first: the number of the first bin, which is [first·width, (first + 1)·width).
        low: the least of what was counted; it lies in the first bin.
        high: the greatest of what was counted; it lies in the last bin.
    """

    counts: Float64
    width: float
    first: int
    low: float
    high: float
    edges: Float64 = field(init=False)
    _height: Float64 = field(init=False)
    _count: Float64 = field(init=False)
    _value: Float64 = field(init=False)

    def __post_init__(self) -> None:
        bins = len(self.counts)
        low, high = self.low / self.width - self.first, self.high / self.width - self.first
        edges = np.arange(bins + 1, dtype=np.float64)
        edges[0] = min(low, 1.0 - _LEAST_WIDTH)
        edges[-1] = max(high, edges[-2] + _LEAST_WIDTH)
        height = self.counts / np.diff(edges)
        total = np.concatenate([[0.0], self.counts.cumsum()])
        value = np.concatenate([[0.0], (height * np.diff(edges**2) / 2.0).cumsum()])
        # Inside bin i, C(u) = _count[i] + _height[i]·u and V(u) = _value[i] + _height[i]·u²/2.
        object.__setattr__(self, "edges", edges)
        object.__setattr__(self, "_height", height)
        object.__setattr__(self, "_count", total[:-1] - height * edges[:-1])
        object.__setattr__(self, "_value", value[:-1] - height * edges[:-1] ** 2 / 2.0)

    def squared_errors(self, scale: Float64, zero_point: Float64, quant_min: int, quant_max: int) -> Float64:
        """Compute `∫ p(x) · (x − dequantize(quantize(x)))² dx` for each of k qparams.

        Args:
            scale: [k] > 0.
            zero_point: [k], whole numbers.
            quant_min: the least integer.
            quant_max: the greatest integer.

        Returns: [k] float64, in the square of the values' unit.
        """
        steps = np.arange(quant_min, quant_max + 1) - zero_point[:, None]
        level = steps * (scale / self.width)[:, None] - self.first
        count, value = self._cells(0.5 * (level[:, :-1] + level[:, 1:]))
        square = (self._height * np.diff(self.edges**3)).sum() / 3.0
        return (np.einsum("kl,kl->k", level, level * count - 2.0 * value) + square) * self.width**2

    def quantile(self, share: float) -> float:
        """Return the number below which a share of the counts lies, in [low, high]."""
        before = np.concatenate([[0.0], self.counts.cumsum()])
        wanted = share * before[-1]
        index = min(int(np.searchsorted(before[1:], wanted)), len(self.counts) - 1)
        inside = (wanted - before[index]) / self.counts[index] if self.counts[index] else 0.0
        u = self.edges[index] + inside * (self.edges[index + 1] - self.edges[index])
        return float(np.clip((u + self.first) * self.width, self.low, self.high))

    def magnitudes(self) -> Density:
        """Return the density of |x|, with bins from 0."""
        lowest, highest = self.first, self.first + len(self.counts)
        counts = np.zeros(max(highest, -lowest))
        counts[max(lowest, 0) : max(highest, 0)] += self.counts[max(-lowest, 0) :]
        counts[max(-highest, 0) : max(-lowest, 0)] += self.counts[: max(-lowest, 0)][::-1]
        return Density(counts, self.width, 0, 0.0, max(-self.low, self.high))

    def _cells(self, cuts: Float64) -> tuple[Float64, Float64]:
        """Integrate p and t·p between cuts: [k, levels − 1] cuts give twice [k, levels] integrals."""
        u = cuts.clip(self.edges[0], self.edges[-1])
        index = np.minimum(u.astype(np.intp), len(self.counts) - 1)
        height = self._height[index] * u
        count = self._count[index] + height
        value = self._value[index] + 0.5 * height * u
        whole = float((self._height * np.diff(self.edges**2)).sum() / 2.0)
        return (
            np.diff(count, axis=1, prepend=0.0, append=float(self.counts.sum())),
            np.diff(value, axis=1, prepend=0.0, append=whole),
        )
