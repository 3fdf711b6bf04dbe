"""`octavo.tune` from end to end, on a network of four layers."""

from __future__ import annotations

import json
import math
import sys
from types import SimpleNamespace

import pytest
import torch

import octavo
import octavo.runtime
from octavo.observers import MinMaxObserver
from octavo.qconfig import QConfig, QConfigMapping, default_static
from octavo.recipe import EvaluationError
from octavo.recipe.tuning import (
    CORRECTIONS,
    QUANTIZE,
    RANGES,
    ROUNDING,
    SCALING,
    MixedPrecision,
    Profile,
    Recipes,
    Step,
    Try,
    clock,
)  # fmt: skip
from octavo.recipe.tuning.measuring import Reference
from octavo.recipe.tuning.samples import read_samples

SHORT = (Profile(), QUANTIZE, CORRECTIONS)


class Evaluate:
    """Give one number after the other; an exception is raised."""

    def __init__(self, *scores: object) -> None:
        self.scores, self.models = list(scores), []

    def __call__(self, model: object) -> object:
        self.models.append(model)
        score = self.scores.pop(0)
        if isinstance(score, BaseException):
            raise score
        return score


def test_ends_at_the_first_step_that_holds_the_accuracy(tiny, data, tmp_path):
    evaluate = Evaluate(90.0, 89.95)
    tuned = octavo.tune(tiny, data[0][:1], data, evaluate, max_drop=0.1)
    assert tuned.reached and [trial.step for trial in tuned.trials] == ["profile", "quantize"]
    assert evaluate.models[0] is tiny and isinstance(evaluate.models[1], octavo.QuantizedModel)
    assert isinstance(tuned, octavo.QuantizedModel) and tuned.best.score == 89.95
    assert tuned.stopped == "reached: at least 89.9 (90 in float)"
    assert "SQNR on 2 samples kept out of calibration" in tuned.table() and "*  quantize" in tuned.table()
    tuned.save(tmp_path / "m.octavo")
    assert (octavo.runtime.load(tmp_path / "m.octavo")(data[0].numpy()) == tuned(data[0]).numpy()).all()
    assert tuned.report(seconds=0.05).layers


def test_a_loader_may_hand_out_one_buffer_again_and_again(data):
    def loader():
        buffer = torch.empty_like(data[0])
        for sample in data:
            yield buffer.copy_(sample)

    assert read_samples(loader()).digest == read_samples(data).digest


def test_goes_on_after_an_interrupt(tiny, data, tmp_path):
    steps = (*SHORT, Recipes("rounding", ROUNDING.tries[:1]))
    whole = octavo.tune(tiny, data[0][:1], data, Evaluate(9.0, 1.0, 2.0, 3.0), steps=steps)
    first = octavo.tune(
        tiny, data[0][:1], data, Evaluate(9.0, 1.0, KeyboardInterrupt()), steps=steps, folder=tmp_path / "run"
    )
    assert first.interrupted and not first.reached and first.best.step == "quantize"
    assert "goes on" in first.stopped and (first(data[0]) == first(data[0])).all()
    again = Evaluate(2.0, 3.0)
    second = octavo.tune(tiny, data[0][:1], data, again, steps=steps, folder=tmp_path / "run")
    assert not again.scores and second.program == whole.program
    assert [(t.step, t.score) for t in second.trials] == [(t.step, t.score) for t in whole.trials]
    assert {f.name for f in (tmp_path / "run").iterdir()} == {"journal.jsonl", second.best.file}
    # Everything is known now: a weaker goal needs no model to be made.
    third = octavo.tune(tiny, data[0][:1], data, Evaluate(), max_drop=6.0, steps=steps, folder=tmp_path / "run")
    assert third.reached and third.best.step == "rounding" and third.program == whole.program


def test_an_interrupt_before_there_is_a_model(tiny, data):
    with pytest.raises(KeyboardInterrupt):
        octavo.tune(tiny, data[0][:1], data, Evaluate(KeyboardInterrupt()), steps=SHORT)


@pytest.mark.parametrize(
    ("score", "message"),
    [
        (ValueError("no such label"), r"evaluate: raised ValueError for 'corrections: bias correction': no such label"),
        (float("nan"), r"evaluate: gave nan for 'corrections: bias correction', expected a finite number"),
        ("good", r"evaluate: gave a str for .* expected a number that is larger the better the model"),
        (None, r"evaluate: gave a NoneType for"),
    ],
)
def test_an_evaluate_that_fails(tiny, data, score, message):
    with pytest.raises(EvaluationError, match=message) as raised:
        octavo.tune(tiny, data[0][:1], data, Evaluate(9.0, 1.0, score), steps=SHORT)
    best = raised.value.tuned
    assert best.best.step == "quantize" and best(data[0]).shape == (2, 4)


def test_what_was_made_before_evaluate_failed_is_not_made_again(tiny, data, tmp_path, monkeypatch):
    with pytest.raises(EvaluationError):
        octavo.tune(tiny, data[0][:1], data, Evaluate(9.0, 1.0, math.nan), steps=SHORT, folder=tmp_path)
    monkeypatch.setattr("octavo.recipe.tuning.workbench.Workbench.built", None)
    repaired = octavo.tune(tiny, data[0][:1], data, Evaluate(torch.tensor(8.95)), steps=SHORT, folder=tmp_path)
    assert repaired.reached and repaired.best.step == "corrections"


def test_an_evaluate_that_fails_at_once(tiny, data):
    with pytest.raises(EvaluationError, match="for 'profile: the model as it is'") as raised:
        octavo.tune(tiny, data[0][:1], data, Evaluate(KeyError("x")), steps=SHORT)
    assert raised.value.tuned is None
    with pytest.raises(EvaluationError, match="for 'quantize: as it is'") as raised:
        octavo.tune(tiny, data[0][:1], data, Evaluate(9.0, float("inf")), steps=SHORT)
    assert raised.value.tuned.best.step == "quantize" and not raised.value.tuned.reached


def test_without_time_there_is_an_answer_all_the_same(tiny, data):
    tuned = octavo.tune(tiny, data[0][:1], data, sqnr=200, budget=0)
    assert [trial.step for trial in tuned.trials] == ["profile", "quantize"]
    assert not tuned.reached and tuned.stopped == "the budget is spent; wanted: at least 200 dB"


def test_a_try_that_cannot_be_made_is_listed_with_its_reason(tiny, data):
    affine = QConfig(MinMaxObserver, MinMaxObserver.with_args(dtype="uint8"))
    bad = Recipes("ranges", (Try("affine weights", {"qconfig_mapping": QConfigMapping().set_global(affine)}),))
    tuned = octavo.tune(tiny, data[0][:1], data, sqnr=200, steps=(Profile(), QUANTIZE, bad))
    assert tuned.best.step == "quantize" and "its QConfig observes weights as uint8" in tuned.trials[-1].failure
    assert f"affine weights ({tuned.trials[-1].failure})" in tuned.table()
    with pytest.raises(ValueError, match="its QConfig observes weights as uint8"):
        octavo.tune(tiny, data[0][:1], data, sqnr=200, steps=(Profile(), bad))


def test_without_scipy_the_table_says_what_is_missing(tiny, data, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    tuned = octavo.tune(tiny, data[0][:1], data, sqnr=200, steps=(Profile(), QUANTIZE, MixedPrecision()))
    assert tuned.best.step == "quantize" and "SciPy is not installed" in tuned.table()


class Own(Step):
    """A step as another method adds it: it makes its model as it likes."""

    name = "own"

    def run(self, climb):
        """Try the best recipe once more, with another name."""
        recipe, bench = climb.recipe, climb.bench
        climb.attempt("own", "again", recipe, lambda: bench.quantized(bench.built(recipe).rounded, recipe), rounds=3)


def test_a_step_of_ones_own(tiny, data, tmp_path):
    for _ in range(2):
        tuned = octavo.tune(tiny, data[0][:1], data, sqnr=200, steps=(Profile(), QUANTIZE, Own()), folder=tmp_path)
        assert [trial.step for trial in tuned.trials] == ["profile", "quantize", "own"]
        assert tuned.trials[2].settings["rounds"] == 3
    lines = [json.loads(line) for line in (tmp_path / "journal.jsonl").read_text().splitlines()]
    assert set(lines[0]) == {"octavo", "model", "calibration data"} and len(lines) == 4


def test_equalization_is_a_step(tiny, data, tmp_path):
    steps = (Profile(), QUANTIZE, Recipes("scaling", SCALING.tries[:1]))
    tuned = octavo.tune(tiny, data[0][:1], data, Evaluate(9.0, 1.0, 2.0), steps=steps, folder=tmp_path / "run")
    again = octavo.tune(tiny, data[0][:1], data, Evaluate(), steps=steps, folder=tmp_path / "run")
    for model in (tuned, again):
        assert model.best.name == "cross-layer equalization" and not model.reached
        assert "cross-layer equalization: " in str(model.report(seconds=0.02))
        # The float side of the comparison has the same scales.
        assert all(layer.sqnr_db > 15 for layer in model.report(seconds=0.02).layers if layer.sqnr_db is not None)


def test_a_budget_that_ends_in_the_middle_of_a_step(tiny, data, monkeypatch):
    now, rounded = 0.0, 0
    monkeypatch.setattr(clock, "time", SimpleNamespace(monotonic=lambda: now))

    def told(what: str, done: int, total: int | None) -> None:
        nonlocal now, rounded
        rounded += what == "rounding weights"
        now = 61.0 if rounded == 6 else now  # the second of four layers of the second model

    tuned = octavo.tune(tiny, data[0][:1], data, sqnr=200, budget=1, steps=SHORT, progress=told)
    assert tuned.stopped.startswith("the budget is spent") and rounded == 6
    assert [trial.step for trial in tuned.trials] == ["profile", "quantize"]


def test_a_clock():
    with pytest.raises(clock.BudgetSpentError):
        clock.Clock(0).check()
    clock.Clock(0).tick()  # the first models are not cut short
    clock.Clock(None).check()


def test_ranges_are_not_tried_where_qconfigs_choose_them(tiny, data):
    recipe = octavo.Recipe(qconfig_mapping=default_static("min_max"))
    tuned = octavo.tune(tiny, data[0][:1], data, sqnr=200, recipe=recipe, steps=(Profile(), QUANTIZE, RANGES))
    assert [trial.step for trial in tuned.trials] == ["profile", "quantize"]


def test_the_error_of_few_samples():
    samples = [torch.tensor([[1.0]]), torch.tensor([[2.0]]), torch.tensor([[4.0]])]
    errors = {1.0: 0.1, 2.0: 0.1, 4.0: 0.4}
    reference = Reference(torch.nn.Identity(), samples)
    ratio, error = reference.sqnr(lambda x: x + errors[float(x)])
    assert ratio == pytest.approx(10 * math.log10(21 / 0.18), abs=1e-4)  # float32 samples
    left = [10 * math.log10(s / n) for s, n in ((20, 0.17), (17, 0.17), (5, 0.02))]
    mean = sum(left) / 3
    assert error == pytest.approx(math.sqrt(2 / 3 * sum((x - mean) ** 2 for x in left)), abs=1e-4)
    assert reference.sqnr(lambda x: x) == (math.inf, 0.0)
    assert Reference(torch.nn.Identity(), samples[:1]).sqnr(lambda x: x + 0.1)[1] == 0.0
