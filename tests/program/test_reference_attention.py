"""Attention: the reference against plain loops and against float; what the verifier refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from attention_cases import attention
from hypothesis import given, settings
from hypothesis import strategies as st
from test_matmul import attributes, quantized_column, quantized_row, shaped, value

from octavo.program import Program, VerifyError, float_math, load, reference, save, verify

f32 = np.float32
LOWEST = np.finfo(np.float32).min
MASKED = attention(n=2, h=4, g=2, t=5, s=7, d=8, e=6, mask="full")[0]
STATIC = attention(n=2, h=4, g=2, t=5, s=7, d=8, e=6, mask="full", dtypes=("uint8",) * 4)[0]
SHAPES = [(2, 5, 32), (2, 7, 16), (2, 7, 12), (2, 4, 5, 7)]


def mask(*shape: int) -> Program:
    """Return the program with a mask of another shape."""
    return shaped(MASKED, *SHAPES[:3], shape)


def weights_of(logits: list[np.float32]) -> tuple[list[int], np.float32]:
    """Return p and r of a row of logits, one element at a time."""
    top = max([LOWEST, *logits])
    exponents = [max((logit - top) * f32(math.log2(math.e)), f32(-20)) for logit in logits]
    p = [round(float(float_math.exp2(np.array([x], np.float32))[0] * f32(255))) for x in exponents]
    return p, f32(1) / f32(sum(p)) if sum(p) else f32(0)


def loops(program: Program, inputs: list[np.ndarray]) -> np.ndarray:
    """Compute `dynamic_attention` in loops over single elements."""
    a = program.operators[0].attributes
    h, g, scale = a["heads"], a["kv_heads"], f32(a["scale"])
    (n, t, _), s = inputs[0].shape, inputs[1].shape[1]
    q, k, v = (x.reshape(*x.shape[:2], count, -1) for x, count in zip(inputs[:3], (h, g, g), strict=True))
    mask = np.broadcast_to(inputs[3], (n, h, t, s)) if len(inputs) > 3 else None
    y = np.zeros((n, t, h, v.shape[3]), np.float32)
    for b, head, i in np.ndindex(n, h, t):
        kv = head // (h // g)
        row, row_scale, zero_point = quantized_row(q[b, i, head])
        logits = []
        for j in range(s):
            key, key_scale = quantized_column(k[b, j, kv])
            acc = sum(x * w for x, w in zip(row, key, strict=True)) - zero_point * sum(key)
            logit = f32(acc) * (row_scale * (key_scale * scale))
            logit = logit if mask is None else logit + mask[b, head, i, j]
            logits.append(f32(-np.inf) if a["causal"] and j > i else logit)
        p, r = weights_of(logits)
        for e in range(v.shape[3]):
            column, column_scale = quantized_column(v[b, :, kv, e])
            y[b, i, head, e] = f32(sum(x * w for x, w in zip(p, column, strict=True))) * (r * column_scale)
    return y.reshape(n, t, -1)


@settings(deadline=None, max_examples=25)
@given(
    st.sampled_from([(1, 1), (2, 1), (2, 2), (3, 1)]),
    st.integers(1, 4),
    st.integers(1, 5),
    st.booleans(),
    st.sampled_from([None, "full", "keys", "queries"]),
    st.integers(0, 2**32),
)
def test_dynamic_attention_equals_loops(heads, t, s, causal, mask, seed):
    program, inputs = attention(seed, n=2, h=heads[0], g=heads[1], t=t, s=s, d=3, e=2, causal=causal, mask=mask)
    verify(program)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(reference.run(program, inputs)[0], loops(program, inputs))


def float_attention(program: Program, arrays: list[np.ndarray]) -> np.ndarray:
    """Compute attention of real numbers [n, tokens, heads·size] in float64."""
    a = program.operators[0].attributes
    h, g = a["heads"], a["kv_heads"]
    q, k, v = (
        np.repeat(x.reshape(*x.shape[:2], count, -1).transpose(0, 2, 1, 3), h // count, axis=1).astype(np.float64)
        for x, count in zip(arrays[:3], (h, g, g), strict=True)
    )
    logits = q @ k.swapaxes(-1, -2) * a["scale"] + (arrays[3] if len(arrays) > 3 else 0)
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    y = (e / e.sum(axis=-1, keepdims=True)) @ v
    return y.transpose(0, 2, 1, 3).reshape(len(y), y.shape[2], -1)


def sqnr(exact: np.ndarray, got: np.ndarray) -> float:
    return float(10 * np.log10((exact**2).sum() / ((exact - got) ** 2).sum()))


@pytest.mark.parametrize("seed", range(3))
def test_dynamic_attention_is_near_float(seed):
    """Three roundings to 8 bits: q and k move the logits, p and v the mean; measured 39.7 to 40.5 dB."""
    program, inputs = attention(seed, n=2, h=4, g=2, t=40, s=50, d=32)
    inputs[2] = np.random.default_rng(seed).normal(0, 1, inputs[2].shape).astype(np.float32)
    assert sqnr(float_attention(program, inputs), reference.run(program, inputs)[0]) > 38


@pytest.mark.parametrize("seed", range(3))
def test_static_attention_is_attention_of_what_its_integers_stand_for(seed):
    """Only p and y are rounded: measured 42.0 to 42.7 dB."""
    dtypes = ("uint8", "int8", "uint8", "int8")
    program, inputs = attention(seed, n=2, h=4, g=2, t=20, s=30, d=16, dtypes=dtypes)
    types = [program.values[f"x{i}"] for i in range(3)]
    real = [(x.astype(np.float64) - v.zero_point) * v.scale for x, v in zip(inputs, types, strict=True)]
    y = program.values["y"]
    got = (reference.run(program, inputs)[0].astype(np.float64) - y.zero_point) * y.scale
    assert sqnr(float_attention(program, real), got) > 40


WRONG = {
    "heads": (attributes(MASKED, heads=6), r"the last axis of q \[2, 5, 32\] does not divide into heads=6"),
    "kv-heads": (attributes(MASKED, heads=3, kv_heads=2), "heads=3 do not divide into kv_heads=2"),
    "kv-heads-0": (attributes(MASKED, kv_heads=0), "attribute 'kv_heads' is 0, expected an integer from 1"),
    "q-rank": (shaped(MASKED, (2, 5, 4, 8), *SHAPES[1:]), r"q has shape \[2, 5, 4, 8\]; \[n, tok"),
    "k-size": (shaped(MASKED, SHAPES[0], (2, 7, 18), *SHAPES[2:]), r"k has shape \[2, 7, 18\]; q .* \[2, s, 16\]"),
    "k-batch": (shaped(MASKED, SHAPES[0], (1, 7, 16), *SHAPES[2:]), r"k has shape \[1, 7, 16\]"),
    "v-tokens": (shaped(MASKED, *SHAPES[:2], (2, 8, 12), SHAPES[3]), r"v has shape \[2, 8, 12\]; .* \[2, 7, kv_heads"),
    "v-heads": (shaped(MASKED, *SHAPES[:2], (2, 7, 11), SHAPES[3]), r"of v \[2, 7, 11\] does not divide into kv_heads"),
    "mask-keys": (mask(2, 1, 1, 8),
                  r"the mask has shape \[2, 1, 1, 8\]; \[2 or 1, 4 or 1, 5 or 1, 7\] \(batch, heads, queries, keys\)"),
    "mask-1-key": (mask(2, 4, 5, 1), r"the mask has shape \[2, 4, 5, 1\]"),
    "mask-heads": (mask(2, 2, 5, 7), r"the mask has shape \[2, 2, 5, 7\]"),
    "mask-rank": (mask(5, 7), r"the mask has shape \[5, 7\]"),
    "static-mask": (shaped(STATIC, *SHAPES[:3], (3, 1, 1, 7)), r"the mask has shape \[3, 1, 1, 7\]"),
    "empty": (shaped(MASKED, (2, 5, 32), (2, 0, 16), (2, 0, 12), (2, 4, 5, 1)), r"shape\[1\] is 0, expected"),
    "mask-dtype": (value(MASKED, "x3", "uint8"), "got float32, float32, float32, uint8 .* expected"),
    "mixed": (value(MASKED, "x1", "int8"), "got float32, int8 .* expected float32, float32, float32"),
    "static-float-v": (value(STATIC, "x2", "float32"), "expected quantized, quantized, quantized, "),
    "scale-0": (attributes(MASKED, scale=0), "attribute 'scale' is 0, expected a number above 0"),
    "causal": (attributes(MASKED, causal="yes"), "attribute 'causal' is 'yes', expected true or false"),
    "ratio-of-logits": (attributes(STATIC, scale=1e30), r"a ratio of its scales is .* \(2\^64\) is the most"),
    "ratio-of-values": (value(STATIC, "x2", "uint8", 1e20), r"a ratio of its scales is .* \(2\^64\) is the most"),
    "clamp": (attributes(STATIC, clamp_min=300), "attribute 'clamp_min' is 300"),
    "many-keys": (shaped(MASKED, (1, 1, 32), (1, 66312, 16), (1, 66312, 12), (1, 1, 1, 66312)),
                  "the number of keys is 66312; 66311 is the most whose sum stays in int32"),
    "many-keys-static": (shaped(STATIC, (1, 1, 32), (1, 33026, 16), (1, 33026, 12), (1, 1, 1, 33026)),
                         "keys is 33026; 33025"),
    "large-heads": (shaped(MASKED, (1, 1, 4 * 66312), (1, 1, 2 * 66312), (1, 1, 2), (1, 1, 1, 1)),
                    "a head of q is 66312; 66311"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_attention_is_refused(name):
    program, message = WRONG[name]
    with pytest.raises(VerifyError, match=message):
        verify(program)


def test_as_many_keys_as_int32_allows():
    verify(shaped(MASKED, (1, 1, 32), (1, 66311, 16), (1, 66311, 12), (1, 1, 1, 66311)))
    verify(shaped(STATIC, (1, 1, 32), (1, 33025, 16), (1, 33025, 12), (1, 1, 1, 33025)))


@pytest.mark.parametrize("program", [MASKED, STATIC], ids=["dynamic", "static"])
def test_a_file_keeps_it(program, tmp_path):
    save(program, tmp_path / "a.octavo")
    assert load(tmp_path / "a.octavo") == program
