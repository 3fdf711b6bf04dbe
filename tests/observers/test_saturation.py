"""The range grown from the most frequent value: against a direct evaluation."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from octavo.observers import HistogramObserver, SaturationObserver
from octavo.observers.density import Density
from octavo.observers.saturation import growing_ranges


def values(seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(50_000, generator=generator) + seed - 1
    x[:5] *= 40
    return x.clamp(min=0.0) if seed == 2 else x


def directly(x: np.ndarray, low: float, high: float, levels: int, symmetric: bool) -> float:
    """The squared error of all numbers in integers of this range."""
    low, high = min(low, 0.0), max(high, 0.0)
    if symmetric:
        scale, zero_point, least = max(-low, high) / (levels // 2 - 1), 0, -(levels // 2 - 1)
    else:
        scale, least = (high - low) / (levels - 1), 0
        zero_point = round(-low / scale)
    q = np.clip(np.rint(x / scale) + zero_point, least, least + levels - 1 - symmetric)
    return float(np.square(x - (q - zero_point) * scale).sum())


def test_bins_are_taken_below_and_above_by_turns():
    counts = np.array([1.0, 2.0, 9.0, 3.0, 1.0, 1.0, 4.0])
    ends = growing_ranges(Density(counts, 1.0, -2, -1.5, 4.25))
    expected = [(0, 1), (-1, 1), (-1, 2), (-1.5, 2), (-1.5, 3), (-1.5, 4), (-1.5, 4.25)]
    assert ends.tolist() == [list(pair) for pair in expected]


@pytest.mark.parametrize("counts", [[5.0, 1.0, 1.0], [1.0, 1.0, 5.0], [3.0]])
def test_bins_are_taken_where_there_are_any(counts):
    ends = growing_ranges(Density(np.array(counts), 1.0, 0, 0.0, float(len(counts))))
    assert len(ends) == len(counts) and ends[-1].tolist() == [0.0, len(counts)]
    assert (np.diff(ends[:, 1] - ends[:, 0]) > 0).all()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("symmetric", [False, True])
def test_has_the_least_error_of_the_ranges_it_looks_at(seed, symmetric):
    x = values(seed)
    settings = {"dtype": "int8", "qscheme": "per_tensor_symmetric"} if symmetric else {}
    observer = SaturationObserver(**settings)  # type: ignore[arg-type]
    for batch in x.chunk(3):
        observer(batch)
    low, high = (float(end) for end in observer.range())
    x64 = x.double().numpy()
    errors = [directly(x64, *pair, 256, symmetric) for pair in growing_ranges(observer.density())]
    # The histogram holds the numbers in 1,024 to 2,048 bins, which 256 levels quantize in steps of some bins.
    assert directly(x64, low, high, 256, symmetric) <= min(errors) * 1.02
    assert directly(x64, low, high, 256, symmetric) < directly(x64, x64.min(), x64.max(), 256, symmetric)
    best = HistogramObserver(**settings)  # type: ignore[arg-type]
    best(x)
    assert directly(x64, *map(float, best.range()), 256, symmetric) <= 1.02 * min(errors)


def test_one_value_and_nothing_but_zero():
    for value in (0.0, 3.0, -2.0):
        observer = SaturationObserver()
        observer(torch.full((4,), value))
        qparams = observer.qparams()
        reach = (torch.tensor([qparams.quant_min, qparams.quant_max]) - qparams.zero_point) * qparams.scale
        assert reach[0] <= value <= reach[1] * (1 + 1e-6)
