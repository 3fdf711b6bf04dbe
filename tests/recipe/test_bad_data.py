"""Calibration data that is not what anyone hopes for: a model all the same, or a message."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import octavo
from octavo.graph import CalibrationError
from octavo.numerics import sqnr

X = torch.randn(8, 2, 8, 8, generator=torch.Generator().manual_seed(0))
ROUNDINGS = ("gptq", "nearest", "adaround", "brecq")


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(2, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.block = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 1))
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(512, 5))

    def forward(self, image: Tensor) -> Tensor:
        x = self.stem(image)
        return self.head(x + self.block(x))


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(0)
    return Network().eval()


def quality(model: nn.Module, quantized: nn.Module, x: Tensor = X) -> float:
    with torch.inference_mode():
        return sqnr(model(x), quantized(x))


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("value", [0.0, 1.0, -3.0])
def test_constant_data_quantizes_the_constant_well(model: nn.Module, rounding: Any, value: float) -> None:
    constant = torch.full((4, 2, 8, 8), value)
    quantized = octavo.quantize(model, constant, [constant], octavo.Recipe(rounding=rounding))
    assert quality(model, quantized, constant) > 30


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_one_sample_is_enough_to_run(model: nn.Module, rounding: Any) -> None:
    quantized = octavo.quantize(model, X[:1], [X[:1]], octavo.Recipe(rounding=rounding))
    assert quality(model, quantized) > 20


@pytest.mark.parametrize("recipe", [*(octavo.Recipe(rounding=r) for r in ROUNDINGS), octavo.Recipe(equalization=True)])
@pytest.mark.parametrize("observer", ["histogram", "min_max", "percentile", "entropy", "saturation"])
def test_an_outlier_of_1e30_leaves_numbers(model: nn.Module, recipe: octavo.Recipe, observer: Any) -> None:
    outlier = X.clone()
    outlier[0, 0, 0, 0] = 1e30
    chosen = octavo.Recipe(rounding=recipe.rounding, equalization=recipe.equalization, observer=observer)
    quantized = octavo.quantize(model, X[:1], [outlier, X], chosen)
    assert math.isfinite(quality(model, quantized))
    assert bool(torch.isfinite(quantized(outlier)).all())


def test_nan_names_the_sample_and_the_input(model: nn.Module) -> None:
    bad = X.clone()
    bad[3, 1] = float("nan")
    with pytest.raises(CalibrationError, match=r"calibration sample 1, input 'image' holds 64 values that are NaN"):
        octavo.quantize(model, X, [X, bad])


def _none() -> Iterator[Tensor]:
    yield from ()


@pytest.mark.parametrize("data", [[], (), _none()])
def test_no_sample_says_so(model: nn.Module, data: Any) -> None:
    with pytest.raises(CalibrationError, match=r"there is no calibration data.*pass at least one"):
        octavo.quantize(model, X, data)


def test_pairs_with_labels_name_the_remedy(model: nn.Module) -> None:
    with pytest.raises(CalibrationError, match=r"of \(image, label\) pairs pass the image alone"):
        octavo.quantize(model, X, [(X, torch.zeros(8, dtype=torch.int64))])


def test_tuples_and_dicts_are_taken(model: nn.Module) -> None:
    plain = octavo.quantize(model, X, [X])
    for form in ((X,), {"image": X}):
        assert torch.equal(octavo.quantize(model, form, [form])(X), plain(X))
