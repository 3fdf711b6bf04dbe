"""Convolutions whose windows are short: few products beside what comes after them, and first layers of few channels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engines import assert_engines_equal_reference

from octavo.program import Input, Operator, Program, Value

SEED = 0
RELU = Value("uint8", 40.0, 0)
LINEAR = Value("uint8", 40.0, 117)
SIGNED = Value("int8", 40.0, -3)


def _program(
    rng: np.random.Generator, x: tuple[int, ...], weight: tuple[int, ...], y: Value, window: dict[str, Any],
    x_type: str = "uint8", residual: bool = False,
) -> tuple[Program, list[np.ndarray]]:  # fmt: skip
    """Describe a convolution of random numbers whose sums spread over the whole of y's range and beyond."""
    oc = weight[0]
    spread = 60 * np.sqrt(np.prod(weight[1:])) / 100
    constants = {
        "weight": rng.integers(-127, 128, weight, np.int8),
        "bias": rng.integers(-3000, 3000, oc, np.int32),
        "weight_scale": (rng.uniform(0.2, 1.0, oc) / spread).astype(np.float32),
    }
    form = {"stride": (1, 1), "dilation": (1, 1), "groups": 1, "padding": ((0, 0), (0, 0)), **window}
    names = ("x", "r") if residual else ("x",)
    values = {"x": Value(x_type, 1.0, 5), "y": y}
    size = [
        (n + sum(pad) - k) // stride + 1
        for n, k, pad, stride in zip(x[2:], weight[2:], form["padding"], form["stride"], strict=True)
    ]
    shapes = [x]
    if residual:
        values["r"] = Value("uint8", 13.0, 88)
        shapes.append((x[0], oc, *size))
    program = Program(
        inputs=tuple(Input(n, values[n].dtype, shape) for n, shape in zip(names, shapes, strict=True)),
        outputs=("y",),
        values=values,
        operators=(Operator("conv", "conv", names, ("y",), form, {role: role for role in constants}),),
        constants=constants,
        output_structure=[0],
    )
    arrays = []
    for name, shape in zip(names, shapes, strict=True):
        ends = np.iinfo(values[name].dtype)
        arrays.append(rng.integers(ends.min, ends.max, shape, values[name].dtype, endpoint=True))
    return program, arrays


@pytest.mark.parametrize("residual", [False, True], ids=["alone", "residual"])
@pytest.mark.parametrize("y", [RELU, LINEAR], ids=["relu", "linear"])
@pytest.mark.parametrize("oc", [8, 13, 24, 40, 48, 58, 80, 116, 144])
def test_1x1_of_any_width(oc: int, y: Value, residual: bool) -> None:
    # Pixels: fewer than a tile, whole tiles and some more, more than are walked at once; 168 and then 182 or 96.
    rng = np.random.default_rng([SEED, oc])
    for ic, size in ((int(rng.integers(9, 90)), (1, 2)), (24, (3, 9)), (16, (14, 25)), (8, (16, 27))):
        program, arrays = _program(rng, (1, ic, *size), (oc, ic, 1, 1), y, {}, residual=residual)
        assert_engines_equal_reference(program, [arrays])


@pytest.mark.parametrize(
    ("x", "weight", "stride"),
    [
        ((2, 3, 19, 25), (32, 3, 3, 3), 2),
        ((1, 3, 17, 23), (64, 3, 7, 7), 2),
        ((1, 1, 12, 31), (24, 1, 5, 5), 1),
        ((1, 2, 9, 16), (50, 2, 4, 3), 1),
        ((1, 6, 11, 11), (16, 6, 3, 3), 1),
        ((1, 3, 1, 40), (16, 3, 1, 5), 1),
        ((1, 7, 9, 9), (16, 7, 5, 5), 3),
    ],
    ids=str,
)
@pytest.mark.parametrize(("x_type", "y"), [("uint8", RELU), ("uint8", SIGNED), ("int8", LINEAR)], ids=str)
def test_first_layers(x: tuple[int, ...], weight: tuple[int, ...], stride: int, x_type: str, y: Value) -> None:
    rng = np.random.default_rng(SEED)
    padding = tuple((k // 2, k // 2) for k in weight[2:])
    window = {"stride": (stride, stride), "padding": padding}
    program, arrays = _program(rng, x, weight, y, window, x_type)
    assert_engines_equal_reference(program, [arrays])
