"""Products of two values: the reference against plain loops; what the verifier refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import FLOAT, one_operator, quantized
from hypothesis import given, settings
from hypothesis import strategies as st
from matmul_cases import dynamic_matmul, matmul, spread_rows

from octavo.program import Input, Program, ShapeError, Symbol, VerifyError, infer_shapes, reference, verify

f32 = np.float32
DYNAMIC = dynamic_matmul(0, (2, 3, 5), (2, 5, 4))[0]
STATIC = matmul(0, (2, 3, 5), (2, 5, 4))[0]


def quantized_row(x: np.ndarray) -> tuple[list[int], np.float32, int]:
    """Quantize a row in loops over single elements, as `docs/program.md` states it for dynamic_linear."""
    low, high = min([f32(0), *x]), max([f32(0), *x])
    scale = (high - low) * f32(1 / 255)
    inverse = f32(1) / scale if scale else f32(np.inf)
    if not np.isfinite(inverse):
        scale = inverse = f32(1)
    zero_point = min(max(round(float(-low * inverse)), 0), 255)
    return [min(max(round(float(value * inverse)) + zero_point, 0), 255) for value in x], scale, zero_point


def quantized_column(x: np.ndarray) -> tuple[list[int], np.float32]:
    """Quantize a column in loops over single elements."""
    scale = max(abs(value) for value in x) * f32(1 / 127)
    inverse = f32(1) / scale if scale else f32(np.inf)
    if not np.isfinite(inverse):
        scale = inverse = f32(1)
    return [min(max(round(float(value * inverse)), -127), 127) for value in x], scale


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 30), st.integers(1, 5), st.booleans(), st.integers(0, 2**32))
def test_dynamic_matmul_equals_loops(k, n, transpose_b, seed):
    rng = np.random.default_rng(seed)
    a, b = spread_rows(rng, (3, k)), spread_rows(rng, (n, k))
    arrays = [a, b if transpose_b else np.ascontiguousarray(b.T)]
    program, inputs = one_operator("dynamic_matmul", arrays, [FLOAT] * 2, FLOAT, {"transpose_b": transpose_b})
    verify(program)
    expected = np.zeros((3, n), np.float32)
    for i, row in enumerate(a):
        q, scale, zero_point = quantized_row(row)
        for j, column in enumerate(b):
            w, column_scale = quantized_column(column)
            acc = sum(x * y for x, y in zip(q, w, strict=True)) - zero_point * sum(w)
            expected[i, j] = f32(acc) * (scale * column_scale) + f32(0)
    np.testing.assert_array_equal(reference.run(program, inputs)[0], expected)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(["uint8", "int8"]), st.sampled_from(["uint8", "int8"]), st.booleans(), st.integers(0, 2**32))
def test_matmul_equals_loops(left, right, transpose_b, seed):
    shape = (4, 9) if transpose_b else (9, 4)
    program, inputs = matmul(seed, (3, 9), shape, transpose_b, (left, right))
    a, b = (program.values[f"x{i}"] for i in (0, 1))
    y = program.values["y"]
    m = f32(np.float64(a.scale) * b.scale / y.scale)
    expected = np.zeros((3, 4), np.uint8)
    for i, j in np.ndindex(3, 4):
        column = inputs[1][j] if transpose_b else inputs[1][:, j]
        acc = sum((int(p) - a.zero_point) * (int(q) - b.zero_point) for p, q in zip(inputs[0][i], column, strict=True))
        expected[i, j] = min(max(round(float(f32(acc) * m)) + y.zero_point, 0), 255)
    np.testing.assert_array_equal(reference.run(program, inputs)[0], expected)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 40), st.integers(0, 2**32))
def test_dynamic_matmul_is_near_float(k, seed):
    """Each a is off by at most a step (half for its rounding, half for that of z), each b by half a step."""
    rng = np.random.default_rng(seed)
    program, (a, b) = dynamic_matmul(seed, (4, k), (k, 5), edit=lambda a, b: (_normal(rng, a), _normal(rng, b)))
    exact = a.astype(np.float64) @ b.astype(np.float64)
    step_a = (np.maximum(a.max(1), 0) - np.minimum(a.min(1), 0)).astype(np.float64) / 255
    step_b = np.abs(b).max(0).astype(np.float64) / 127
    bound = step_a[:, None] * np.abs(b).sum(0) + (np.abs(a).sum(1)[:, None] + k * step_a[:, None]) * step_b / 2
    assert (np.abs(reference.run(program, [a, b])[0] - exact) <= bound * 1.001 + 1e-5).all()


def _normal(rng: np.random.Generator, array: np.ndarray) -> None:
    array[...] = rng.normal(0, 1, array.shape)


def shaped(program: Program, *shapes: tuple[int, ...]) -> Program:
    """Return the program with inputs of other shapes."""
    changed = tuple(replace(given, shape=shape) for given, shape in zip(program.inputs, shapes, strict=True))
    return replace(program, inputs=changed)


def attributes(program: Program, **changes: object) -> Program:
    (operator,) = program.operators
    return replace(program, operators=(replace(operator, attributes={**operator.attributes, **changes}),))


def value(program: Program, name: str, dtype: str, scale: float | None = None) -> Program:
    described = FLOAT if dtype == "float32" else quantized(dtype, scale or 0.05)
    inputs = tuple(replace(i, dtype=dtype) if i.name == name else i for i in program.inputs)
    return replace(program, inputs=inputs, values={**program.values, name: described})


WRONG = {
    "k": (shaped(DYNAMIC, (2, 3, 6), (2, 5, 4)), r"a \[2, 3, 6\] has k = 6 .* b \[2, 5, 4\] has k = 5; .*k, n\]"),
    "k-transposed": (attributes(DYNAMIC, transpose_b=True), r"b \[2, 5, 4\] has k = 4; .* b \[..., n, k\]"),
    "rank": (shaped(STATIC, (5,), (5, 4)), r"shapes are \[5\] and \[5, 4\]; \[..., m, k\] and \[..., k, n\]"),
    "broadcast": (shaped(STATIC, (2, 3, 5), (3, 5, 4)), r"shapes \[2\] and \[3\] do not broadcast"),
    "empty": (shaped(DYNAMIC, (2, 0, 5), (2, 5, 4)), r"shape\[1\] is 0, expected"),
    "transpose_b": (attributes(STATIC, transpose_b=1), "attribute 'transpose_b' is 1, expected true or false"),
    "missing": (replace(STATIC, operators=(replace(STATIC.operators[0], attributes={}),)), "'transpose_b' is missing"),
    "mixed": (value(STATIC, "x1", "float32"), r"got uint8 .*, float32 → uint8 .*, expected quantized, quantized → "),
    "dynamic-output": (value(DYNAMIC, "y", "uint8"), "expected float32, float32 → float32"),
    "float-clamp": (attributes(matmul(dtypes=("float32",) * 2, output="float32")[0], clamp_min=0), "is unknown here"),
    "ratio": (value(value(STATIC, "x0", "uint8", 1e15), "x1", "uint8", 1e15), r"a ratio of its scales is .* \(2\^64\)"),
    "deep-dynamic": (shaped(DYNAMIC, (1, 66312), (66312, 1)), "k is 66312; 66311 is the most whose sum stays in int32"),
    "deep-static": (shaped(STATIC, (1, 33026), (33026, 1)), "k is 33026; 33025 is the most"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_products_are_refused(name):
    program, message = WRONG[name]
    with pytest.raises(VerifyError, match=message):
        verify(program)


def test_the_bounds_themselves_are_accepted():
    verify(shaped(DYNAMIC, (1, 66311), (66311, 1)))
    verify(shaped(STATIC, (1, 33025), (33025, 1)))
    verify(shaped(matmul(dtypes=("float32",) * 2, output="float32")[0], (1, 99999), (99999, 1)))


def test_a_symbolic_depth_is_held_to_the_bound_when_it_is_known():
    inputs = (Input("x0", "float32", (3, "k")), Input("x1", "float32", ("k", 4)))
    program = replace(DYNAMIC, inputs=inputs, symbols={"k": Symbol(1, None, 9)})
    verify(program)
    with pytest.raises(ShapeError, match=r"operator 'layer' \(dynamic_matmul\): k is 66312; 66311 is the most"):
        infer_shapes(program, {"k": 66312})
