"""Attention and products read their inputs where they lie, and are deaf to what does not concern them."""

from __future__ import annotations

import numpy as np
import pytest
from attention_cases import attention
from builders import FLOAT, quantized
from matmul_cases import dynamic_matmul, matmul

from octavo import _core
from octavo.program import Input, Operator, Program, Symbol, Value, reference, verify
from octavo.runtime import LoadedProgram


def check(program: Program, *arrays: np.ndarray) -> None:
    """Compare every instruction set, with 1 and 3 threads, with the reference."""
    verify(program)
    expected = reference.run(program, arrays)[0]
    for isa in _core.supported_isas():
        for threads in (1, 3):
            got = LoadedProgram(program, threads=threads, isa=isa)(*arrays)
            np.testing.assert_array_equal(got, expected, err_msg=f"{isa}, {threads} threads")


def steps(program: Program, *arrays: np.ndarray) -> list[str]:
    """Return the types of the steps that a run consists of."""
    plan = LoadedProgram(program, threads=1).plans.find(
        tuple(x.shape for x in arrays), tuple((False, False) for _ in arrays)
    )
    return [kind for kind, _, _ in plan.native.profile(list(arrays), plan.empty(), 1, 1)]


def fused(value: Value, heads: int, size: int, batch: int = 2, tokens: int = 19) -> tuple[Program, np.ndarray]:
    """Return attention to slices of one product [batch, tokens, 3 · heads · size], joined with its own queries."""
    width, rng = heads * size, np.random.default_rng(heads)
    attributes = {"heads": heads, "kv_heads": heads, "scale": size**-0.5, "causal": False}
    parts = {
        name: {"axis": 2, "start": i * width, "end": (i + 1) * width, "step": 1}
        for i, name in enumerate(("q", "k", "v"))
    }
    operators = (
        *(Operator("slice", name, ("x",), (name,), given) for name, given in parts.items()),
        Operator("attention" if value.is_quantized else "dynamic_attention", "layer", tuple(parts), ("y",), attributes),
        Operator("concat", "join", ("q", "y", "q"), ("joined",), {"axis": 2}),
    )
    values = dict.fromkeys(("x", *parts, "y", "joined"), value)
    shape = (batch, tokens, 3 * width)
    x = rng.normal(0, 1, shape).astype(np.float32)
    if value.is_quantized:
        x = rng.integers(0, 256, shape, dtype=np.uint8)
    return Program((Input("x", value.dtype, shape),), ("joined",), values, operators), x


@pytest.mark.parametrize("value", [FLOAT, quantized("uint8", 0.02, 120)], ids=["dynamic", "static"])
@pytest.mark.parametrize(("heads", "size"), [(3, 5), (2, 64), (1, 1), (5, 33)])
def test_slices_of_a_fused_product(value, heads, size):
    program, x = fused(value, heads, size)
    check(program, x)


@pytest.mark.parametrize("value", [FLOAT, quantized("uint8", 0.02, 120)], ids=["dynamic", "static"])
def test_slices_are_not_copied(value):
    program, x = fused(value, 2, 8)
    kind = program.operators[3].type
    program = Program(
        program.inputs, ("y",), {k: v for k, v in program.values.items() if k != "joined"}, program.operators[:4]
    )
    given = ["copy"] if value.is_quantized else []  # the caller's bytes have no slack around them
    assert steps(program, x) == [*given, kind]


@pytest.mark.parametrize("dims", [(1, 0, 2), (0, 2, 1), (2, 1, 0)])
def test_permuted_inputs(dims):
    base, arrays = attention(3, n=2, h=2, t=9, s=9, d=8)
    names = ("a", "b", "c")
    back = tuple(int(i) for i in np.argsort(dims))
    given = [np.ascontiguousarray(x.transpose(dims)) for x in arrays]
    operators = (
        *(Operator("permute", f"p{n}", (n,), (f"x{i}",), {"dims": back}) for i, n in enumerate(names)),
        *base.operators,
    )
    values = {**base.values, **dict.fromkeys(names, FLOAT)}
    inputs = tuple(Input(n, "float32", x.shape) for n, x in zip(names, given, strict=True))
    check(Program(inputs, base.outputs, values, operators), *given)


@pytest.mark.parametrize("make", [dynamic_matmul, matmul], ids=["dynamic", "static"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_products_between_slices_and_a_concat(make, axis):
    base, arrays = make(2, (3, 18, 21), (3, 21, 21))
    values = {**base.values, "whole": base.values["x0"], "right": base.values["x1"], "joined": base.values["y"]}
    whole = np.concatenate([arrays[0], arrays[0]], axis=axis)
    right = np.concatenate([arrays[1], arrays[1]], axis=axis)
    operators = tuple(
        Operator("slice", f"part{i}", (name,), (f"x{i}",), {"axis": axis, "start": start, "end": None, "step": 1})
        for i, (name, start) in enumerate((("whole", arrays[0].shape[axis]), ("right", arrays[1].shape[axis])))
    )
    operators += (*base.operators, Operator("concat", "join", ("y", "y"), ("joined",), {"axis": axis}))
    inputs = tuple(Input(name, values[name].dtype, x.shape) for name, x in (("whole", whole), ("right", right)))
    check(Program(inputs, ("joined",), values, operators), whole, right)


def test_a_batch_and_a_sequence_of_any_size():
    base, _ = attention(n=1, h=3, t=4, s=4, d=8, mask="keys")
    inputs = (
        *(Input(f"x{i}", "float32", ("batch", "tokens", 24)) for i in range(3)),
        Input("x3", "float32", ("batch", 1, 1, "tokens")),
    )
    symbols = {"batch": Symbol(1, None, 1), "tokens": Symbol(1, 512, 4)}
    program = Program(inputs, base.outputs, base.values, base.operators, symbols=symbols)
    for n, tokens in ((1, 1), (2, 13), (3, 15), (1, 130), (2, 28)):
        check(program, *attention(n, n=n, h=3, t=tokens, s=tokens, d=8, mask="keys")[1])


def test_a_query_gives_the_same_bits_whatever_else_is_asked():
    """Neither the other queries nor the rest of the batch have a say."""
    program, (q, k, v) = attention(5, n=3, h=2, t=30, s=40, d=16)
    (whole,) = reference.run(program, [q, k, v])
    for isa in _core.supported_isas():
        for first, last in ((0, 1), (3, 20), (29, 30)):
            part, _ = attention(5, n=1, h=2, t=last - first, s=40, d=16)
            got = LoadedProgram(part, threads=2, isa=isa)(q[1:2, first:last], k[1:2], v[1:2])
            np.testing.assert_array_equal(got[0], whole[1, first:last])


def test_nan_has_one_pattern_of_bits():
    program, (q, k, v) = attention(6, n=2, h=2, t=20, s=30, d=9, e=33)
    q[0, 3, 2], k[1, 4, 9 + 2], v[0, 7, 5] = np.nan, np.inf, np.uint32(0xFFC01234).view(np.float32)
    expected = reference.run(program, [q, k, v])[0].view(np.uint32)
    nan = np.isnan(expected.view(np.float32))
    wanted = np.zeros_like(nan)
    wanted[0, 3, :33] = wanted[1, :, 33:] = wanted[0, :, 5] = True
    np.testing.assert_array_equal(nan, wanted)
    assert (expected[nan] == 0x7FC00000).all()
    for isa in _core.supported_isas():
        got = LoadedProgram(program, threads=1, isa=isa)(q, k, v).view(np.uint32)
        np.testing.assert_array_equal(got, expected)


def test_scratch_of_slots_does_not_grow_with_the_queries():
    """Only k and v, packed, and the blocks that threads work on lie in the arena."""
    sizes = []
    for t in (1500, 3000):
        program, arrays = attention(n=1, h=1, t=t, s=64, d=64)
        sizes.append(LoadedProgram(program, threads=1).arena_bytes(*arrays))
    assert sizes[0] == sizes[1] < 64 * 14 * (64 + 64 * 5) + 2 * 64 * 64 + 4096
