"""`octavo compare`: a file against its float model."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

_MODULE = """
import torch
from torch import nn

def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 1), nn.Flatten(), nn.Linear(512, 4)).eval()

def another():
    return nn.Sequential(nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(512, 4))).eval()

def samples():
    torch.manual_seed(1)
    for _ in range(3):
        yield torch.randn(2, 3, 10, 10)

def nothing():
    return []
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call):
    (tmp_path / "ours.py").write_text(_MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    done = call("quantize", "ours:model", "--calibration", "ours:samples", "-o", "m.octavo", "--no-report")
    assert done.exit_code == 0, done.output
    yield
    sys.modules.pop("ours", None)


def test_shows_every_layer_and_where_to_look(call):
    done = call("compare", "ours:model", "m.octavo", "--data", "ours:samples")
    assert done.exit_code == 0, done.output
    for word in ("alone", "in the network", "saturated", "conv", "linear", "dB", "on 3 samples; look at '"):
        assert word in done.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ours:model", "m.octavo", "--data", "ours:nothing"), "--data ours:nothing: holds no sample"),
        (("ours:model", "missing.octavo", "--data", "ours:samples"), "missing.octavo"),
        (("ours:another", "m.octavo", "--data", "ours:samples"), "expected a file that was made of it"),
    ],
)
def test_wrong_arguments(call, arguments, message):
    done = call("compare", *arguments)
    assert done.exit_code != 0 and message in done.output and "Traceback" not in done.output
