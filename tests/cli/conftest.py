"""A small program in a file, and a way to call the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from octavo.cli import guard
from octavo.cli.app import app
from octavo.program import Input, Operator, Program, Symbol, Value, save

Call = Callable[..., Result]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Call:
    """Return a function that runs `octavo` with arguments, on a wide terminal."""
    for console in (guard.console, guard.errors):
        monkeypatch.setattr(console, "_width", 300)
    return lambda *arguments: CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture
def tiny_program() -> Program:
    """Return quantize → conv → linear over [batch, 3, 8, 8]."""
    random = np.random.default_rng(0)
    constants = {
        "c.weight": random.integers(-127, 128, (4, 3, 3, 3)).astype(np.int8),
        "c.bias": np.zeros(4, np.int32),
        "c.weight_scale": np.full(4, 0.01, np.float32),
        "l.weight": random.integers(-127, 128, (5, 8)).astype(np.int8),
        "l.bias": np.zeros(5, np.int32),
        "l.weight_scale": np.full(5, 0.01, np.float32),
    }
    spatial = {"stride": [1, 1], "dilation": [1, 1], "padding": [[1, 1], [1, 1]], "groups": 1}
    return Program(
        inputs=(Input("x", "float32", ("batch", 3, 8, 8)),),
        outputs=("y",),
        values={
            "x": Value("float32"),
            "x_q": Value("uint8", 0.03125, 128),
            "hidden": Value("uint8", 0.25, 0),
            "y": Value("float32"),
        },
        operators=(
            Operator("quantize", "x.quantize", ("x",), ("x_q",)),
            Operator("conv", "features", ("x_q",), ("hidden",), spatial, _constants("c")),
            Operator("linear", "classifier", ("hidden",), ("y",), {}, _constants("l")),
        ),
        constants=constants,
        symbols={"batch": Symbol()},
    )


@pytest.fixture
def tiny_file(tiny_program: Program, tmp_path: Path) -> Path:
    """Return a file of the small program."""
    path = tmp_path / "tiny.octavo"
    save(tiny_program, path)
    return path


def _constants(prefix: str) -> dict[str, str]:
    return {role: f"{prefix}.{role}" for role in ("weight", "bias", "weight_scale")}
