"""Layers that tuning keeps in float: as few as do, or as many as a limit allows."""

from __future__ import annotations

import math
from dataclasses import replace

import torch

import octavo
from octavo.algorithms.output_loss import kl_divergence
from octavo.recipe.tuning import QUANTIZE, MixedPrecision, Profile, Step
from octavo.recipe.tuning.float_costs import byte_costs, time_costs
from octavo.recipe.tuning.samples import read_samples
from octavo.recipe.tuning.workbench import Workbench


def test_keeps_as_few_layers_in_float_as_do(tiny, data):
    told: list[tuple[str, int, int | None]] = []
    steps = (Profile(), QUANTIZE, MixedPrecision())
    tuned = octavo.tune(tiny, data[0][:1], iter(data), sqnr=60, steps=steps, progress=lambda *args: told.append(args))
    assert tuned.reached and (tuned.best.sure_db or 0) >= 60
    count = len(tuned.best.in_float)
    assert 0 < count < 4 and {layer.name for layer in tuned.layers if layer.reason.startswith("kept in float")} == set(
        tuned.best.in_float
    )
    assert count > 2 or all(name in tuned.best.name for name in tuned.best.in_float)
    fewer = [trial for trial in tuned.trials if 0 < len(trial.in_float) < count]
    assert count == 1 or (fewer and all((trial.sure_db or 0) < 60 for trial in fewer))
    assert {"capturing", "calibrating", "rounding weights", "measuring", "measuring sensitivity"} <= {
        w for w, *_ in told
    }
    assert sum(done < 0 for _, done, _ in told) == len(tuned.trials)  # a line for each


def test_an_accuracy_that_only_evaluate_knows(tiny, data):
    with torch.no_grad():
        exact = tiny(data[0])

    def evaluate(model):
        with torch.no_grad():
            return min(90.0, -10 * math.log10((exact - model(data[0])).square().sum().item() + 1e-9))

    plain = evaluate(octavo.tune(tiny, data[0][:1], data, sqnr=0, steps=(Profile(), QUANTIZE)))
    steps = (Profile(), QUANTIZE, MixedPrecision("latency", kl_divergence))
    tuned = octavo.tune(tiny, data[0][:1], data, evaluate, max_drop=90 - plain - 6, steps=steps)
    assert tuned.reached and 0 < len(tuned.best.in_float) <= 4 and (tuned.best.score or 0) >= plain + 6
    assert {layer.name for layer in tuned.sensitivity} == {"stem", "wide", "hidden", "head"}


def test_what_a_layer_in_float_costs(tiny, data):
    bench = Workbench(tiny, data[0], read_samples(data), None, lambda *_: None)
    recipe = octavo.Recipe(rounding="nearest")
    built = bench.built(recipe)
    names = ["stem", "wide", "hidden", "head"]
    costs, plain = byte_costs(built, names), bench.quantized(built.rounded, recipe).program
    assert costs.layers["hidden"] == 3 * 8 * 16 - 4 * 16
    for name in names:  # the file also has a description, whose length changes
        program = bench.with_floats(recipe, {name: "wanted"}).program
        grown = _bytes(program) - _bytes(plain)
        assert grown == costs.layers[name]
    times = time_costs(bench, built, names)
    assert set(times.layers) == set(names) and all(math.isfinite(x) for x in times.layers.values())
    assert all(cost > 0 for cost in times.borders.values()) and times.borders.keys() >= {plain.operators[0].outputs[0]}


def _bytes(program):
    return sum(array.nbytes for array in program.constants.values())


def test_layers_that_are_not_needed_go_back_to_int8(tiny, data, monkeypatch):
    every = frozenset({"stem", "wide", "hidden", "head"})
    monkeypatch.setattr("octavo.recipe.tuning.mixed_step.choose_float", lambda *_, **__: every)
    tuned = octavo.tune(tiny, data[0][:1], data, sqnr=60, steps=(Profile(), QUANTIZE, MixedPrecision()))
    best, tried = set(tuned.best.in_float), {frozenset(trial.in_float): trial for trial in tuned.trials}
    assert tuned.reached and len(best) < 4 and (tried[every].sure_db or 0) >= 60
    for name in best:
        without = tried.get(frozenset(best - {name}))
        assert len(best) == 1 or without is None or (without.sure_db or 0) < 60


def test_the_best_within_a_size(tiny, data):
    steps = (Profile(), QUANTIZE, MixedPrecision())
    tuned = octavo.tune(tiny, data[0][:1], data, steps=steps, max_bytes=4900)
    plain = tuned.trials[1]
    assert tuned.reached and tuned.best.in_float and (tuned.best.sqnr_db or 0) > (plain.sqnr_db or 0)
    assert (plain.bytes or 0) < (tuned.best.bytes or 0) <= 4900


def test_a_latency_that_cannot_be(tiny, data):
    tuned = octavo.tune(tiny, data[0], data, steps=(Profile(), QUANTIZE, MixedPrecision()), max_milliseconds=1e-6)
    assert not tuned.reached and tuned.stopped == "every step was tried; wanted: at most 1e-06 ms"


def test_after_a_better_rounding_layers_are_looked_for_again(tiny, data):
    class Better(Step):
        name = "better"

        def run(self, climb):
            recipe = replace(climb.recipe, observer="min_max")
            climb.attempt(self.name, "min-max", recipe, lambda: climb.bench.with_floats(recipe, {}))

    mixed = MixedPrecision()
    tuned = octavo.tune(
        tiny, data[0][:1], data, Observed(), max_drop=100, steps=(Profile(), QUANTIZE, mixed, mixed, Better(), mixed)
    )
    steps = [trial.step for trial in tuned.trials]
    assert steps[:2] == ["profile", "quantize"] and steps.index("better") < len(steps) - 1
    first, second = steps[2 : steps.index("better")], steps[steps.index("better") + 1 :]
    assert set(first) == set(second) == {"mixed precision"}
    assert {t.settings["recipe"]["observer"] for t in tuned.trials[len(first) + 3 :]} == {"min_max"}


class Observed:
    """An accuracy that is never good enough, and better for ranges of all that was seen."""

    def __call__(self, model):
        """Look at how the model was made: only its first scale tells."""
        if not isinstance(model, octavo.QuantizedModel):
            return 1000.0
        return float(next((v.scale for v in model.program.values.values() if v.scale), 0.0))
