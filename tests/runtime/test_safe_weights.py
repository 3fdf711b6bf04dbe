"""Weights whose products would saturate where two of them are added in 16 bits: every instruction set is exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from octavo import _core
from octavo.program import Input, Operator, Program, Value, reference, verify
from octavo.runtime import LoadedProgram

SEED = 0


def _sparse(rng: np.random.Generator, shape: tuple[int, ...], share: float) -> np.ndarray:
    """Draw small weights, and so large ones in some places that a pair of them and 255 exceed 16 bits."""
    weight = rng.integers(-60, 61, shape, dtype=np.int8)
    large = rng.random(shape) < share
    weight[large] = rng.choice(np.array([-127, -126, -100, 100, 127], np.int8), int(large.sum()))
    return weight


def _pairs(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Draw neighbouring channels at the same end in a few places: each pair by itself would saturate."""
    weight = np.zeros(shape, np.int8)
    for _ in range(max(1, weight.size // 512)):
        place = tuple(int(rng.integers(size)) for size in shape)
        weight[place] = rng.choice(np.array([-127, 127], np.int8))
        neighbour = min(place[1] ^ 1, shape[1] - 1)
        weight[(place[0], neighbour, *place[2:])] = weight[place]
    return weight


def _program(weight: np.ndarray, x: np.ndarray, y: Value, **form: Any) -> Program:
    """Describe a convolution whose output hardly clamps, so that a wrong sum shows."""
    values = {"x": Value(str(x.dtype), 1.0, int(np.iinfo(x.dtype).min)), "y": y}
    oc = weight.shape[0]
    bias = np.arange(oc, dtype=np.int32) * 17 - 100
    constants = {"weight": weight, "bias": bias, "weight_scale": np.full(oc, 1.0, np.float32)}
    window: dict[str, Any] = {"stride": (1, 1), "dilation": (1, 1), "groups": 1, "padding": ((0, 0), (0, 0)), **form}
    roles = {role: role for role in constants}
    operator = Operator("conv", "conv", ("x",), ("y",), window, roles)
    program = Program((Input("x", str(x.dtype), x.shape),), ("y",), values, (operator,), constants)
    verify(program)
    return program


@pytest.mark.parametrize("draw", ["sparse", "some", "many", "pairs"])
@pytest.mark.parametrize(
    ("shape", "form"),
    [
        ((40, 256, 1, 1), {}),
        ((24, 130, 1, 1), {}),
        ((16, 64, 3, 3), {}),
        ((20, 60, 1, 5), {}),
        ((33, 3, 5, 5), {"stride": (2, 2), "padding": ((2, 2), (2, 2))}),
        ((64, 64, 3, 3), {"groups": 2, "dilation": (2, 1)}),
    ],
    ids=str,
)
def test_every_sum_is_exact(shape: tuple[int, ...], form: dict[str, Any], draw: str) -> None:
    rng = np.random.default_rng(SEED)
    weight = (
        _pairs(rng, shape) if draw == "pairs" else _sparse(rng, shape, {"sparse": 0.003, "some": 0.02, "many": 1}[draw])
    )
    channels = shape[1] * form.get("groups", 1)
    for dtype, y in (("uint8", Value("float32")), ("int8", Value("float32")), ("uint8", Value("uint8", 4096.0, 128))):
        ends = np.iinfo(dtype)
        x = rng.integers(ends.min, ends.max, (2, channels, 9, 8), dtype=dtype, endpoint=True)
        x[0] = ends.max  # 255 on the unsigned side: what saturates does
        more = {} if y.dtype == "float32" else {"clamp_min": 0, "clamp_max": 255}
        program = _program(weight, x, y, **form, **more)
        (expected,) = reference.run(program, [x])
        for isa in _core.supported_isas():
            got = LoadedProgram(program, threads=1, isa=isa)(x)
            np.testing.assert_array_equal(got, expected, err_msg=f"{isa}, {dtype} to {y.dtype}", strict=True)
