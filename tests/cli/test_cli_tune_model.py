"""`octavo tune`: a model that stays as accurate as is wanted."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import octavo.runtime

_MODULE = """
import torch
from torch import nn

CALLS = []

def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 1), nn.Flatten(), nn.Linear(512, 4)).eval()

def samples():
    torch.manual_seed(1)
    return [torch.randn(1, 3, 10, 10) for _ in range(5)]

def good(model):
    return float(model(torch.ones(1, 3, 10, 10)).shape[1])

def bad(model):
    raise RuntimeError("no labels")

def interrupts(model):
    CALLS.append(model)
    if len(CALLS) == 3:
        raise KeyboardInterrupt
    return -float(len(CALLS))

number = 3
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "ours.py").write_text(_MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("ours", None)


_COMMAND = ("tune", "ours:model", "--calibration", "ours:samples", "-o", "m.octavo")


def test_writes_the_model_and_shows_what_was_tried(call):
    done = call(*_COMMAND, "--evaluate", "ours:good", "--folder", "run")
    assert done.exit_code == 0, done.output
    for word in ("profile: the model as it is", "tried", "quantize", "reached: at least 3.9", "Wrote m.octavo"):
        assert word in done.output
    assert octavo.runtime.load("m.octavo").program.operators and Path("run/journal.jsonl").exists()


def test_a_goal_that_is_not_reached(call):
    done = call(*_COMMAND, "--sqnr", "300", "--budget", "0")
    assert done.exit_code == 2, done.output
    assert "the budget is spent" in done.output and "The goal was not reached" in done.output
    assert Path("m.octavo").exists()


def test_an_interrupt_keeps_the_best(call):
    done = call(*_COMMAND, "--evaluate", "ours:interrupts")
    assert done.exit_code == 130, done.output
    assert "the best model so far was written" in done.output and Path("m.octavo").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "got neither evaluate nor sqnr"),
        (("--evaluate", "ours:bad"), "evaluate: raised RuntimeError for 'profile: the model as it is': no labels"),
        (("--evaluate", "ours:number"), "--evaluate ours:number: is a int, expected a function"),
        (("--evaluate", "ours:nothing"), "module 'ours' has no 'nothing'"),
        (("--sqnr", "20", "--cost", "energy"), "cost: got 'energy'"),
    ],
)
def test_wrong_arguments(call, arguments, message):
    done = call(*_COMMAND, *arguments)
    assert done.exit_code == 1 and message in done.output and "Traceback" not in done.output
    assert not Path("m.octavo").exists()
