"""What `octavo.tune` is given in the wrong way, and data that is poor."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import octavo
from octavo.graph import CalibrationError
from octavo.recipe import RecipeError
from octavo.recipe.tuning import QUANTIZE, JournalError, MixedPrecision, Profile, TuningWarning, samples

PLAIN = (Profile(), QUANTIZE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, r"got neither evaluate nor sqnr.*Remedy: evaluate="),
        ({"sqnr": 20, "evaluate": len}, "got evaluate and sqnr"),
        ({"evaluate": "accuracy"}, "evaluate: got a str, expected a function"),
        ({"sqnr": float("nan")}, "sqnr: got nan, expected a finite number"),
        ({"evaluate": len, "max_drop": -1}, "max_drop: got -1"),
        ({"sqnr": 20, "max_bytes": "1 MB"}, "max_bytes: got '1 MB'"),
        ({"sqnr": 20, "budget": -1}, "budget: got -1, expected minutes from 0"),
        ({"sqnr": 20, "budget": float("nan")}, "budget: got nan"),
        ({"sqnr": 20, "steps": (QUANTIZE,)}, r"steps: expected Profile\(\) first"),
        ({"sqnr": 20, "recipe": "dynamic"}, "recipe: got a dynamic one"),
        ({"sqnr": 20, "recipe": "fast"}, "recipe: got 'fast'"),
    ],
)
def test_wrong_arguments(tiny, data, arguments, message):
    with pytest.raises(RecipeError, match=message):
        octavo.tune(tiny, data[0], data, **arguments)


def test_wrong_cost():
    with pytest.raises(RecipeError, match="cost: got 'energy', expected one of 'layers', 'latency', 'size'"):
        MixedPrecision("energy")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (None, RecipeError, "calibration_data: got none"),
        ([], CalibrationError, "there is no calibration data"),
        ([torch.full((1, 3, 8, 8), torch.nan)], CalibrationError, "calibration sample 0.*NaN or infinite"),
        ([(torch.zeros(1, 3, 8, 8), torch.zeros(1))], CalibrationError, r"of \(image, label\) pairs pass the image"),
        ([{"pixels": torch.zeros(1, 3, 8, 8)}], CalibrationError, "is a dict with the keys"),
    ],
)
def test_wrong_data(tiny, data, given, error, message):
    with pytest.raises(error, match=message):
        octavo.tune(tiny, data[0], given, sqnr=20, steps=PLAIN)


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_one_constant_sample(tiny, data, value):
    tuned = octavo.tune(tiny, data[0], [torch.full((1, 3, 8, 8), value)], sqnr=5, steps=PLAIN)
    assert tuned.note == "SQNR on 1 sample of the calibration data" and tuned.best.step == "quantize"


def test_an_outlier(tiny, data):
    spoiled = [data[0].clone(), *data[1:]]
    spoiled[0][0, 0, 0, 0] = 1e30
    tuned = octavo.tune(tiny, data[0], spoiled, sqnr=200, steps=PLAIN)
    assert tuned.best.step == "quantize" and not tuned.reached


def test_samples_are_dicts_or_tuples(data):
    class Sum(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(8, 4), nn.Linear(8, 4)

        def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return self.a(x) + self.b(y)

    torch.manual_seed(0)
    model, pairs = Sum().eval(), [(x[:, 0, 0], x[:, 1, 1]) for x in data]
    dicts = ({"x": x, "y": y} for x, y in pairs)
    for given in (pairs, list(dicts)):
        assert (octavo.tune(model, given[0], given, sqnr=20, steps=PLAIN).best.sqnr_db or 0) > 20


def test_data_beyond_a_gigabyte_is_left(tiny, data, monkeypatch):
    monkeypatch.setattr(samples, "_MOST_BYTES", 4 * data[0].numel() * data[0].element_size())
    with pytest.warns(TuningWarning, match="its first 4 samples take 1 GB"):
        tuned = octavo.tune(tiny, data[0], data, sqnr=20, steps=PLAIN)
    assert tuned.note == "SQNR on 4 samples of the calibration data"


def test_a_folder_of_something_else(tiny, data, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="is a file, expected a folder"):
        octavo.tune(tiny, data[0], data, sqnr=20, folder=tmp_path / "file", steps=PLAIN)
    octavo.tune(tiny, data[0], data, sqnr=20, folder=tmp_path / "run", steps=PLAIN)
    with pytest.raises(JournalError, match=r"was written for another calibration data.*Remedy: another folder"):
        octavo.tune(tiny, data[0], data[:5], sqnr=20, folder=tmp_path / "run", steps=PLAIN)
    (tmp_path / "run" / "journal.jsonl").write_text("{}\n[1]\n")
    with pytest.raises(JournalError, match=r"is no journal of octavo\.tune"):
        octavo.tune(tiny, data[0], data, sqnr=20, folder=tmp_path / "run", steps=PLAIN)


def test_a_program_that_was_deleted_is_made_again(tiny, data, tmp_path):
    first = octavo.tune(tiny, data[0], data, sqnr=20, folder=tmp_path, steps=PLAIN)
    (tmp_path / first.best.file).unlink()
    again = octavo.tune(tiny, data[0], data, sqnr=20, folder=tmp_path, steps=PLAIN)
    assert again.program == first.program
