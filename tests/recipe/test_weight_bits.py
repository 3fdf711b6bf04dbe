"""Weights of 4 bits: which integers they are, and what the ways to find them are worth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import octavo
from octavo.numerics import sqnr
from octavo.program import Program
from octavo.recipe import RecipeError


def weights(program: Program) -> list[np.ndarray]:
    return [constant for constant in program.constants.values() if constant.dtype == np.int8]


def test_integers_have_four_bits(model, samples):
    for rounding in ("gptq", "nearest"):
        recipe = octavo.Recipe(weight_bits=4, rounding=rounding)
        found = weights(octavo.quantize(model, samples[0], samples, recipe).program)
        assert len(found) > 1
        assert all(w.min() >= -7 and w.max() <= 7 and abs(w).max() > 4 for w in found)


def test_recurrent_and_dynamic_layers_have_them_too():
    lstm = torch.nn.LSTM(6, 8)
    found = weights(
        octavo.quantize(lstm, torch.randn(3, 2, 6), recipe=octavo.Recipe(scheme="dynamic", weight_bits=4)).program
    )
    assert len(found) == 2 and all(abs(w).max() <= 7 for w in found)


def test_least_squared_error_and_gptq_are_worth_something():
    torch.manual_seed(0)
    layers = [
        torch.nn.Linear(48, 48),
        torch.nn.ReLU(),
        torch.nn.Linear(48, 48),
        torch.nn.ReLU(),
        torch.nn.Linear(48, 8),
    ]
    model, data = torch.nn.Sequential(*layers).eval(), torch.randn(8, 64, 48) @ torch.randn(48, 48)
    with torch.no_grad():
        expected = model(data[0])

    def ratio(**options: Any) -> float:
        recipe = octavo.Recipe(bias_correction=False, **options)
        return sqnr(expected, octavo.quantize(model, data[0], list(data[1:]), recipe)(data[0]))

    min_max = ratio(weight_bits=4, weight_range="min_max", rounding="nearest")
    squared = ratio(weight_bits=4, rounding="nearest")
    assert ratio(rounding="nearest") > squared + 10  # dB: four bits are not eight
    assert ratio(weight_bits=4) > squared + 2
    assert squared > min_max


def test_what_there_is_not():
    with pytest.raises(RecipeError, match="weight_bits: got 3, expected one of 4, 8"):
        octavo.Recipe(weight_bits=3)  # type: ignore[arg-type]
    with pytest.raises(RecipeError, match="weight_range: got 'guess', expected None or one of min_max, squared_error"):
        octavo.Recipe(weight_range="guess")  # type: ignore[arg-type]
