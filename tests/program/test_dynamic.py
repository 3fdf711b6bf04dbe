"""Layers that quantize rows as they arrive: the reference against plain loops; what the verifier and files refuse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import raw_files
from builders import FLOAT, one_operator, quantized
from dynamic_cases import dynamic_linear, dynamic_weights
from hypothesis import given, settings
from hypothesis import strategies as st

from octavo.program import FormatError, Program, VerifyError, load, reference, save, verify

f32 = np.float32
PROGRAM = dynamic_linear(0, (2, 6), 4)[0]


def _row(x: np.ndarray, constants: dict[str, np.ndarray]) -> np.ndarray:
    """Compute one row in loops over single elements, as `docs/program.md` states it."""
    low, high = min([f32(0), *x]), max([f32(0), *x])
    scale = (high - low) * f32(1 / 255)
    inverse = f32(1) / scale if scale else f32(np.inf)
    if not np.isfinite(inverse):
        scale = inverse = f32(1)
    zero_point = min(max(round(float(-low * inverse)), 0), 255)
    q = [min(max(round(float(value * inverse)) + zero_point, 0), 255) for value in x]
    y = []
    for w, weight_scale, bias in zip(*(constants[role] for role in ("weight", "weight_scale", "bias")), strict=True):
        acc = sum(a * int(b) for a, b in zip(q, w, strict=True)) - zero_point * sum(int(b) for b in w)
        y.append(f32(acc) * (scale * weight_scale) + bias)
    return np.array(y, np.float32)


@settings(deadline=None, max_examples=80)
@given(st.integers(1, 40), st.integers(1, 5), st.integers(-45, 37), st.sampled_from([-1, 0, 1]), st.integers(0, 2**32))
def test_reference_equals_loops(depth, out, exponent, sign, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, (3, depth))
    with np.errstate(under="ignore"):
        x = ((x if sign == 0 else sign * np.abs(x)) * 10.0**exponent).astype(np.float32)
    constants = dynamic_weights(rng, (out, depth))
    program, inputs = one_operator("dynamic_linear", [x], [FLOAT], FLOAT, {}, constants)
    verify(program)
    with np.errstate(all="ignore"):
        expected = [_row(row, constants) for row in x]
    np.testing.assert_array_equal(reference.run(program, inputs)[0], expected)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 60), st.integers(0, 2**32))
def test_a_row_is_within_a_step_of_float(depth, seed):
    """Each x is off by at most a step: half for its own rounding, half where z is rounded too and makes it clamp."""
    program, (x,) = dynamic_linear(seed, (4, depth), 7)
    constants = {
        role: program.constants[name].astype(np.float64) for role, name in program.operators[0].constants.items()
    }
    real = constants["weight"] * constants["weight_scale"][:, None]
    exact = x.astype(np.float64) @ real.T + constants["bias"]
    low, high = np.minimum(x.min(1), 0), np.maximum(x.max(1), 0)
    step = (high - low)[:, None].astype(np.float64) / 255
    bound = np.abs(real).sum(1) * step * 1.001 + 1e-6 * (np.abs(exact) + 1)
    assert (np.abs(reference.run(program, [x])[0] - exact) <= bound).all()


def _edit(**changes: object) -> Program:
    return replace(PROGRAM, operators=(replace(PROGRAM.operators[0], **changes),))


def _constant(role: str, array: np.ndarray) -> Program:
    return replace(PROGRAM, constants={**PROGRAM.constants, f"layer.{role}": array})


def _changed(role: str, index: tuple[int, ...], number: float) -> Program:
    array = PROGRAM.constants[f"layer.{role}"].copy()
    array[index] = number
    return _constant(role, array)


def _deep(depth: int) -> Program:
    constants = {**dynamic_weights(np.random.default_rng(0), (2, 1)), "weight": np.full((2, depth), 127, np.int8)}
    return one_operator("dynamic_linear", [np.zeros((1, depth), np.float32)], [FLOAT], FLOAT, {}, constants)[0]


DEPTH = (2**31 - 1) // (127 * 255)
WHERE = r"operator 'layer' \(dynamic_linear\): "
NAMES = PROGRAM.operators[0].constants
WRONG = {
    "quantized-input": (one_operator("dynamic_linear", [np.zeros((1, 6), np.uint8)], [quantized()], FLOAT, {}, {})[0],
                        WHERE + "got uint8 .* → float32, expected float32 → float32"),
    "quantized-output": (replace(PROGRAM, values={**PROGRAM.values, "y": quantized()}), WHERE + "got float32 → uint8"),
    "attribute": (_edit(attributes={"clamp_min": 0}), WHERE + "attribute 'clamp_min' is unknown here, expected none"),
    "no-scale": (_edit(constants={k: v for k, v in NAMES.items() if k != "weight_scale"}),
                 WHERE + r"got the constants \['bias', 'weight'\], expected"),
    "bias-int32": (_constant("bias", np.zeros(4, np.int32)), WHERE + "constant bias .* is int32 .* expected float32"),
    "bias-length": (_constant("bias", np.zeros(3, np.float32)), WHERE + "bias has 3 entries and weight_scale 4"),
    "bias-nan": (_changed("bias", (2,), np.nan), WHERE + r"constant bias is nan at \[2\], expected finite"),
    "weight-float": (_constant("weight", np.zeros((4, 6), np.float32)), WHERE + "constant weight .* is float32"),
    "weight-rank": (_constant("weight", np.zeros((4, 6, 1), np.int8)), WHERE + "constant weight .* with 3 axes"),
    "weight-128": (_changed("weight", (1, 2), -128), WHERE + r"constant weight is -128 at \[1, 2\]"),
    "weight-in": (_constant("weight", np.zeros((4, 7), np.int8)), r"the weight \[4, 7\] takes \[..., 7\]"),
    "scale-0": (_changed("weight_scale", (3,), 0), WHERE + r"constant weight_scale is 0.0 at \[3\]"),
    "scale-large": (_changed("weight_scale", (3,), 129), WHERE + r"constant weight_scale is 129.0 at \[3\], 128 is"),
    "int32-bound": (_deep(DEPTH + 1), WHERE + r"output channel 0 can reach ±2147514120, which leaves int32"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_layers_are_refused(name):
    program, message = WRONG[name]
    with pytest.raises(VerifyError, match=message):
        verify(program)


def test_the_bounds_themselves_are_accepted():
    verify(_deep(DEPTH))
    verify(_changed("weight_scale", (0,), 128))


def test_a_file_keeps_the_layer(tmp_path):
    save(PROGRAM, tmp_path / "a.octavo")
    assert load(tmp_path / "a.octavo") == PROGRAM


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"layer.weight": np.zeros((4, 6), np.uint8)}, "constant weight .* is uint8 with 2 axes, expected int8"),
        ({"layer.weight": np.full((4, 6), -128, np.int8)}, "constant weight is -128"),
        ({"layer.weight_scale": np.full(4, np.inf, np.float32)}, "constant weight_scale is inf"),
        ({"layer.weight_scale": np.full(4, 1e3, np.float32)}, "128 is the most in a dynamic layer"),
        ({"layer.bias": np.zeros(5, np.float32)}, "bias has 5 entries"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path, tensors, message):
    path = tmp_path / "a.octavo"
    save(PROGRAM, path)
    document, kept = raw_files.read(path)
    raw_files.write(path, document, {**kept, **tensors})
    with pytest.raises(FormatError, match=message):
        load(path)
