import numpy as np
import pytest
import torch

from octavo.numerics import choose_qparams
from octavo.observers.density import Density
from octavo.observers.search import search_range


def _points(density: Density, per_bin: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Replace each bin by points at the middle of equal parts of what it holds."""
    edges = (density.edges + density.first) * density.width
    parts = (np.arange(per_bin) + 0.5) / per_bin
    x = edges[:-1, None] + np.diff(edges)[:, None] * parts
    return x.ravel(), np.repeat(density.counts / per_bin, per_bin)


def _brute_force(density: Density, scale: float, zero_point: float, quant_min: int, quant_max: int) -> float:
    x, count = _points(density)
    q = np.clip(np.round(x / scale) + zero_point, quant_min, quant_max)
    return float((count * (x - scale * (q - zero_point)) ** 2).sum())


def _random_density(seed: int, bins: int) -> Density:
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 1000, bins) * rng.integers(0, 2, bins)
    width, first = 2.0 ** rng.integers(-6, 3), int(rng.integers(-bins, 1))
    low, high = (first + rng.random()) * width, (first + bins - 1 + rng.random()) * width
    return Density(counts.astype(np.float64), width, first, low, high)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("bins", [2, 3, 64])
def test_error_is_that_of_quantizing_every_point(seed, bins):
    density = _random_density(seed, bins)
    rng = np.random.default_rng(1000 + seed)
    span = bins * density.width
    scale = span / rng.uniform(3, 30, 6)
    zero_point = rng.integers(-8, 8, 6).astype(np.float64)
    errors = density.squared_errors(scale, zero_point, -8, 7)
    expected = [_brute_force(density, s, z, -8, 7) for s, z in zip(scale, zero_point, strict=True)]
    # 400 points a bin leave out at most (1/400)^2/12 of a bin's square and what straddles a cell's edge.
    np.testing.assert_allclose(errors, expected, rtol=2e-3, atol=1e-5 * density.counts.sum() * density.width**2)


def test_a_spike_at_the_end_is_a_point():
    density = Density(np.array([0.0, 0.0, 0.0, 100.0]), 2.0, 0, 0.0, 6.0)  # all at 6, the lower edge of the last bin
    on_level, off_level = density.squared_errors(np.array([2.0, 4.0]), np.zeros(2), 0, 3)
    assert on_level < 1e-3 and off_level == pytest.approx(400.0, rel=1e-2)


def test_one_bin():
    density = Density(np.array([10.0]), 1.0, 3, 3.25, 3.25)
    assert density.squared_errors(np.array([3.25 / 255, 1.0]), np.zeros(2), 0, 255) == pytest.approx(
        [0.0, 10 * 0.25**2], abs=1e-2
    )


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("symmetric", [False, True])
def test_search_is_never_worse_than_the_whole_range_and_close_to_exhaustive(seed, symmetric):
    density = _random_density(seed, 48)
    quant_min, quant_max = (-127, 127) if symmetric else (0, 255)
    low, high = search_range(density, symmetric, "int8" if symmetric else "uint8", quant_min, quant_max)

    def error(ends: tuple[float, float]) -> float:
        scheme = "per_tensor_symmetric" if symmetric else "per_tensor_affine"
        qparams = choose_qparams(*ends, "int8" if symmetric else "uint8", scheme, quant_min, quant_max)
        scale, zero_point = qparams.scale.double().numpy()[None], qparams.zero_point.double().numpy()[None]
        return float(density.squared_errors(scale, zero_point, quant_min, quant_max)[0])

    found = error((low, high))
    assert found <= error((density.low, density.high))
    shares = np.linspace(0.02, 1.0, 50)
    whole = (min(density.low, 0.0), max(density.high, 0.0))
    exhaustive = min(error((whole[0] * a, whole[1] * b)) for a in shares for b in (shares if not symmetric else [a]))
    assert found <= 1.05 * exhaustive


def test_both_ends_are_searched_at_once():
    # A dense core and a far, rare tail on each side: clipping one end alone would not do.
    counts = torch.zeros(2048, dtype=torch.float64)
    counts[900:1148] = 10_000.0
    counts[0] = counts[-1] = 1.0
    density = Density(counts.numpy(), 1.0, -1024, -1024.0, 1023.5)
    low, high = search_range(density, False, "uint8", 0, 255)
    assert -400 < low < -100 and 100 < high < 400
