from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import octavo.runtime

_MODULE = """
import torch
from torch import nn

def head():
    return nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4)

def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), *head())

def samples():
    torch.manual_seed(1)
    for _ in range(3):
        yield torch.randn(2, 3, 16, 16)

def interrupted():
    yield from samples()
    raise KeyboardInterrupt

def nothing():
    return []

def poisoned():
    yield from samples()
    yield torch.full((2, 3, 16, 16), float("nan"))

def number():
    return 3
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Put a module with a model and samples into the working directory."""
    (tmp_path / "mine.py").write_text(_MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("mine", None)


def _check_file(path: Path, shape: tuple[int, ...]) -> None:
    assert octavo.runtime.load(path)(np.zeros(shape, np.float32)).shape == (shape[0], 4)


def test_from_factories_with_a_report(call, tmp_path):
    result = call("quantize", "mine:model", "--calibration", "mine:samples", "-o", "m.octavo", "--layers")
    assert result.exit_code == 0, result.output
    _check_file(tmp_path / "m.octavo", (5, 3, 16, 16))
    for part in ("Wrote m.octavo", "SQNR", "verdict", "int8"):
        assert part in result.output


def test_from_exported_model_and_array(call, tmp_path):
    import mine  # type: ignore[import-not-found]

    batch = torch.export.Dim("batch")
    exported = torch.export.export(mine.model().eval(), (torch.randn(2, 3, 16, 16),), dynamic_shapes=({0: batch},))
    torch.export.save(exported, tmp_path / "m.pt2")
    np.save("data.npy", np.random.default_rng(0).standard_normal((20, 3, 16, 16)).astype(np.float32))
    result = call("quantize", "m.pt2", "--calibration", "data.npy", "-o", "m.octavo", "--no-report")
    assert result.exit_code == 0, result.output
    _check_file(tmp_path / "m.octavo", (2, 3, 16, 16))


def test_from_a_folder_of_images(call, tmp_path):
    (tmp_path / "images").mkdir()
    random = np.random.default_rng(0)
    for i in range(3):
        Image.fromarray(random.integers(0, 256, (40, 30 + i, 3)).astype(np.uint8)).save(
            tmp_path / "images" / f"{i}.png"
        )
    result = call("quantize", "mine:model", "--calibration", "images", "--size", "16", "-o", "m.octavo", "--no-report")
    assert result.exit_code == 0, result.output
    _check_file(tmp_path / "m.octavo", (1, 3, 16, 16))


@pytest.mark.parametrize(
    ("source", "data", "message"),
    [
        ("mine:model", "mine:nothing", "holds no sample"),
        ("mine:model", "mine:poisoned", "NaN"),
        ("mine:model", "mine:number", "expected an iterable of samples"),
        ("mine:number", "mine:samples", "expected a torch.nn.Module"),
        ("mine:absent", "mine:samples", "has no 'absent'"),
        ("absent:model", "mine:samples", "no module named 'absent'"),
        ("model", "mine:samples", "expected package.module:factory"),
        ("mine.pt2", "mine:samples", "no such file"),
        ("mine:model", "data.npy", "no such file"),
    ],
)
def test_bad_input_is_explained_and_nothing_written(call, tmp_path, source, data, message):
    result = call("quantize", source, "--calibration", data, "-o", "m.octavo")
    assert result.exit_code == 1, result.output
    assert message in result.output and "Traceback" not in result.output
    assert not list(tmp_path.glob("*.octavo*"))


def test_interrupt_while_calibrating(call, tmp_path):
    result = call("quantize", "mine:model", "--calibration", "mine:interrupted", "-o", "m.octavo")
    assert result.exit_code == 130
    assert "Interrupted" in result.output and "Traceback" not in result.output
    assert not list(tmp_path.glob("*.octavo*"))


def test_full_disk_leaves_the_old_file(call, tmp_path, monkeypatch):
    (tmp_path / "m.octavo").write_bytes(b"before")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = call("quantize", "mine:model", "--calibration", "mine:samples", "-o", "m.octavo", "--no-report")
    assert result.exit_code == 1 and "No space left" in result.output
    assert (tmp_path / "m.octavo").read_bytes() == b"before"
    assert not list(tmp_path.glob(".*.tmp"))


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [("--output", "nowhere/m.octavo", "no folder"), ("--mean", "a,b", "--mean"), ("--std", "0,1,1", "--std"),
     ("--observer", "guess", "observer: got 'guess'")],
)  # fmt: skip
def test_options_are_checked_before_the_work(call, option, value, message):
    result = call("quantize", "mine:model", "--calibration", "mine:samples", "--output", "m.octavo", option, value)
    assert result.exit_code == 1 and message in result.output


def test_debug_shows_where_an_error_came_from(call):
    result = call("--debug", "quantize", "mine:absent", "--calibration", "mine:samples", "-o", "m.octavo")
    assert result.exit_code == 1 and "Traceback" in result.output
