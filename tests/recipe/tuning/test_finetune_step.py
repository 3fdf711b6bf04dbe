"""Training as a step of tuning."""

from __future__ import annotations

import octavo
from octavo.recipe.finetuning import FinetunePlan
from octavo.recipe.tuning import QUANTIZE, STEPS, Finetune, Profile, finetune_step

STEP = Finetune(plan=FinetunePlan(epochs=1))


def test_the_trained_model_is_a_trial_and_is_trained_once(tiny, data, tmp_path, monkeypatch):
    told: list[str] = []
    arguments = {"sqnr": 200, "steps": (Profile(), QUANTIZE, STEP), "folder": tmp_path}
    tuned = octavo.tune(tiny, data[0][:1], data, progress=lambda what, *_: told.append(what), **arguments)
    trial = tuned.trials[-1]
    assert trial.step == "finetune" and not trial.failure and trial.name == "1 epoch over calibration data"
    # Eight steps at so low a rate change little: it is an int8 model of the same network.
    assert (trial.sqnr_db or 0) > 30 and "training" in told
    monkeypatch.setattr(finetune_step, "finetune", None)
    again = octavo.tune(tiny, data[0][:1], data, **arguments)
    assert [t.sqnr_db for t in again.trials] == [t.sqnr_db for t in tuned.trials]


def test_what_cannot_be_trained_is_listed(tiny, data, monkeypatch):
    def refuse(*_, **__):
        raise RuntimeError("no gradient")

    monkeypatch.setattr(finetune_step, "finetune", refuse)
    tuned = octavo.tune(tiny, data[0][:1], data, sqnr=200, steps=(Profile(), QUANTIZE, STEP))
    assert tuned.trials[-1].failure == "cannot be trained: RuntimeError: no gradient"


def test_it_is_the_last_step():
    assert isinstance(STEPS[-1], Finetune)
