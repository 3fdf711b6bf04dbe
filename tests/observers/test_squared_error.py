"""Weight scales of least squared error, against every assignment of integers and against a fine grid of scales."""

from __future__ import annotations

from itertools import product

import pytest
import torch

from octavo.numerics import dequantize, quantize
from octavo.observers import PerChannelMinMaxObserver, PerChannelMSEObserver
from octavo.observers.squared_error import least_squares_scale


def weights(seed: int, rows: int, n: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, n, generator=generator) * torch.rand(rows, 1, generator=generator).exp()


def squared_error(rows: torch.Tensor, scale: torch.Tensor, quant_max: int) -> torch.Tensor:
    """Of each row at each of its scales [rows, k]: [rows, k] float64."""
    w, s = rows.double().unsqueeze(1), scale.double().unsqueeze(2)
    return (w - (w / s).round().clamp(-quant_max, quant_max) * s).square().sum(2)


@pytest.mark.parametrize("seed", range(4))
def test_is_the_best_of_all_assignments_of_integers(seed):
    rows, quant_max = weights(seed, 3, 5), 3
    scale = least_squares_scale(rows, quant_max)
    ours = squared_error(rows, scale.unsqueeze(1), quant_max).squeeze(1)
    q = torch.tensor(list(product(range(quant_max + 1), repeat=5))[1:]).double()
    magnitudes = rows.abs().double()
    best = (magnitudes @ q.T / q.square().sum(1)).unsqueeze(2) * q  # each assignment with its own best scale
    least = (magnitudes.unsqueeze(1) - best).square().sum(2).amin(1)
    torch.testing.assert_close(ours, least, rtol=1e-9, atol=1e-12)  # float64 sums in another order


@pytest.mark.parametrize(("quant_max", "n"), [(1, 9), (7, 9), (7, 300), (127, 9), (127, 300)])
def test_no_scale_of_a_fine_grid_is_better(quant_max, n):
    rows = weights(n, 6, n)
    # Of 8 bits the search promises the best up to 9/8 of MinMax's scale.
    grid = rows.abs().amax(1, keepdim=True) / quant_max * torch.linspace(0.02, 1.125 if quant_max > 15 else 3, 1001)
    ours = squared_error(rows, least_squares_scale(rows, quant_max).unsqueeze(1), quant_max).squeeze(1)
    assert (ours <= squared_error(rows, grid, quant_max).amin(1) * (1 + 1e-12)).all()


def test_observes_channels_along_an_axis_and_keeps_zero_ones():
    weight = torch.randn(4, 6, 3, 3, generator=torch.Generator().manual_seed(0))
    weight[2] = 0
    settings = {"quant_min": -7, "quant_max": 7}
    errors = {}
    for kind in (PerChannelMSEObserver, PerChannelMinMaxObserver):
        observer = kind(ch_axis=0, **settings)
        observer(weight)
        qparams = observer.qparams()
        assert (qparams.quant_min, qparams.quant_max, float(qparams.scale[2])) == (-7, 7, 1.0)
        errors[kind] = (dequantize(quantize(weight, qparams), qparams) - weight).square().sum((1, 2, 3))
    mse, min_max = errors[PerChannelMSEObserver], errors[PerChannelMinMaxObserver]
    assert (mse <= min_max).all() and mse.sum() < 0.8 * min_max.sum()
    turned = PerChannelMSEObserver(ch_axis=1, **settings)
    turned(weight.transpose(0, 1))
    again = PerChannelMSEObserver(**settings)
    again(torch.ones(2, 3))
    again(weight[:2])  # takes the place of what was seen before
    assert torch.equal(again.qparams().scale, turned.qparams().scale[:2])


def test_refuses_what_is_not_finite_and_other_schemes():
    weight = torch.ones(2, 3)
    weight[1, 0] = torch.nan
    with pytest.raises(ValueError, match="1 of 6 observed values"):
        PerChannelMSEObserver()(weight)
    with pytest.raises(ValueError, match="got qscheme 'per_channel_affine'"):
        PerChannelMSEObserver(qscheme="per_channel_affine")
