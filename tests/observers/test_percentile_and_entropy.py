"""Percentile and entropy: against a direct evaluation, and on what they are for."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from octavo.observers import EntropyObserver, HistogramObserver, PercentileObserver
from octavo.observers.entropy import best_threshold, divergence


def heavy_tailed(seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(200_000, generator=generator)
    x[:20] *= 30
    return x


def seen(observer: HistogramObserver, x: torch.Tensor) -> tuple[float, float]:
    for batch in x.chunk(4):
        observer(batch)
    low, high = observer.range()
    return float(low), float(high)


@pytest.mark.parametrize("percentile", [90.0, 99.0, 99.9])
def test_percentile_is_numpys(percentile):
    x = heavy_tailed()
    low, high = seen(PercentileObserver(percentile=percentile), x)
    width = float(x.max() - x.min()) / 1024  # of a bin: at least half of them are in use
    expected = np.percentile(x.numpy(), [(100 - percentile) / 2, 100 - (100 - percentile) / 2])
    assert low == pytest.approx(expected[0], abs=width) and high == pytest.approx(expected[1], abs=width)


@pytest.mark.parametrize("percentile", [90.0, 99.9])
@pytest.mark.parametrize("shift", [0.0, 0.3, 5.0, -5.0])
def test_a_symmetric_percentile_is_of_magnitudes(percentile, shift):
    x = heavy_tailed() + shift
    observer = PercentileObserver(percentile=percentile, dtype="int8", qscheme="per_tensor_symmetric")
    low, high = seen(observer, x)
    width = float(x.abs().max()) / 512
    assert high == -low == pytest.approx(np.percentile(x.abs().numpy(), percentile), abs=width)


def test_the_hundredth_percentile_is_min_max():
    x = heavy_tailed()
    assert seen(PercentileObserver(percentile=100), x) == (float(x.min()), float(x.max()))


@pytest.mark.parametrize("percentile", [0, -1, 100.1, float("nan")])
def test_a_percentile_that_is_none(percentile):
    with pytest.raises(ValueError, match=r"percentile: got .*, expected a number in \(0, 100\]"):
        PercentileObserver(percentile=percentile)


def directly(counts: list[float], threshold: int, levels: int) -> float:
    """The divergence, as the paper tells it, number by number."""
    p = list(counts[:threshold])
    p[-1] += sum(counts[threshold:])
    q = [0.0] * threshold
    for level in range(levels):
        members = [i for i in range(threshold) if i * levels // threshold == level]
        occurring = [i for i in members if p[i] > 0]
        for i in occurring:
            q[i] = sum(counts[j] for j in members) / len(occurring)
    if sum(q) == 0 or any(a > 0 and b == 0 for a, b in zip(p, q, strict=True)):
        return math.inf
    return sum(a / sum(p) * math.log(a / sum(p) / (b / sum(q))) for a, b in zip(p, q, strict=True) if a > 0)


@given(st.lists(st.integers(0, 50), min_size=9, max_size=40).filter(any), st.integers(2, 8), st.data())
def test_the_divergence_is_that_of_a_direct_evaluation(counts, levels, data):
    threshold = data.draw(st.integers(levels, len(counts)))
    expected = directly(counts, threshold, levels)
    # float64 sums in another order.
    assert divergence(np.array(counts, float), threshold, levels) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(st.lists(st.integers(0, 50), min_size=9, max_size=40).filter(any), st.integers(2, 8))
def test_the_threshold_is_the_best_of_all(counts, levels):
    array = np.array(counts, float)
    chosen = divergence(array, best_threshold(array, levels), levels)
    assert chosen == min(divergence(array, t, levels) for t in range(levels, len(counts) + 1))


def test_outliers_are_clipped_and_what_has_none_is_not():
    x = heavy_tailed()
    low, high = seen(EntropyObserver(), x)
    assert -15 < low < -2 and 2 < high < 15 and float(x.abs().max()) > 40
    uniform = torch.rand(100_000, generator=torch.Generator().manual_seed(0))
    low, high = seen(EntropyObserver(), uniform)
    assert low == float(uniform.min()) and high > 0.98


@pytest.mark.parametrize("observer", [PercentileObserver, EntropyObserver])
@pytest.mark.parametrize("value", [0.0, 3.0, -2.0])
def test_constants(observer, value):
    made = observer()
    made(torch.full((100,), value))
    qparams = made.qparams()
    zero = (torch.tensor([0.0, value]) / qparams.scale).round() + qparams.zero_point
    assert bool((zero >= 0).all() and (zero <= 255).all())
