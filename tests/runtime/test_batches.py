"""A large batch that runs part by part gives what it gives as a whole, and runs whole where its elements meet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from random_networks import random_program

from octavo.program import Input, Operator, Program, Symbol, Value, reference
from octavo.runtime import LoadedProgram, batches
from octavo.runtime.batches import BatchParts

ANY = Symbol(1, 64, 2)
IMAGE = Value("uint8", float(np.float32(0.1)), 128)


@pytest.fixture(autouse=True)
def small_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Activations of a few images are large."""
    monkeypatch.setattr(batches, "LARGE_BYTES", 1 << 14)


def _program(*operators: Operator, symbol: Symbol = ANY, **values: Value) -> Program:
    """Images of 3 x 16 x 16 floats, quantized to `q`, then `operators`, the last of which makes the output."""
    return Program(
        inputs=(Input("x", "float32", ("batch", 3, 16, 16)),),
        outputs=operators[-1].outputs,
        values={"x": Value("float32"), "q": IMAGE, **values},
        operators=(Operator("quantize", "q", ("x",), ("q",)), *operators),
        symbols={"batch": symbol},
    )


def _is_divided(program: Program, x: np.ndarray) -> bool:
    """Run it, hold the outputs to the reference, and return whether the batch ran in parts."""
    loaded = LoadedProgram(program, threads=2)
    expected = reference.run(program, [x])
    for got, wanted in zip(loaded.run([x]), expected, strict=True):
        np.testing.assert_array_equal(got, wanted, strict=True)
    return isinstance(loaded.plans.find((x.shape,)).native, BatchParts)


def _images(batch: int) -> np.ndarray:
    return np.random.default_rng(batch).normal(0, 5, (batch, 3, 16, 16)).astype(np.float32)


def test_networks_of_any_operators():
    """Whatever operators a network mixes; one that slices its batch stays whole."""
    divided = 0
    for seed in range(8):
        program, shape = random_program(seed)
        (given,) = program.inputs
        free = (replace(given, shape=("batch", *shape[1:])),)
        program = replace(program, inputs=free, symbols={"batch": ANY})
        x = np.random.default_rng(seed).normal(0, 3, (5, *shape[1:])).astype(np.float32)
        divided += _is_divided(program, x)
    assert divided >= 4


def test_a_batch_is_divided_where_it_is_large():
    pool = {"kernel": (2, 2), "stride": (2, 2), "padding": ((0, 0), (0, 0)), "dilation": (1, 1), "ceil_mode": False}
    program = _program(Operator("max_pool", "y", ("q",), ("y",), pool), y=IMAGE)
    assert not _is_divided(program, _images(1))
    for batch in (23, 31, 64):
        assert _is_divided(program, _images(batch))
    loaded = LoadedProgram(program, threads=1)
    steps = loaded.profile(_images(64), rounds=1)
    assert {step.kind for step in steps} >= {"quantize", "max_pool"}
    assert loaded.arena_bytes(_images(64)) <= 2 << 14


def test_tensors_are_divided_where_they_lie():
    """A program called with tensors of either order of memory."""
    torch = pytest.importorskip("torch")
    from octavo.ops import TensorProgram

    program = _program(Operator("dequantize", "y", ("q",), ("y",)), y=Value("float32"))
    x = _images(40)
    (expected,) = reference.run(program, [x])
    run = TensorProgram(program)
    for order in (torch.contiguous_format, torch.channels_last):
        (y,) = run(torch.from_numpy(x).to(memory_format=order))
        np.testing.assert_array_equal(y.numpy(), expected)


@pytest.mark.parametrize(
    ("operators", "values"),
    [
        ([Operator("slice", "y", ("q",), ("y",), {"axis": 0, "start": 1, "end": None, "step": 1})], {"y": IMAGE}),
        ([Operator("permute", "y", ("q",), ("y",), {"dims": (1, 0, 2, 3)})], {"y": IMAGE}),
        ([Operator("concat", "y", ("q", "q"), ("y",), {"axis": 0})], {"y": IMAGE}),
        (
            [Operator("dequantize", "f", ("q",), ("f",)), Operator("softmax", "y", ("f",), ("y",), {"axis": 0})],
            {"f": Value("float32"), "y": Value("float32")},
        ),
    ],
    ids=lambda case: case[-1].type if isinstance(case, list) else "",
)
def test_elements_that_meet_stay_together(operators, values):
    assert not _is_divided(_program(*operators, **values), _images(40))


def test_a_symbol_with_a_least_size_stays_whole():
    program = _program(Operator("dequantize", "y", ("q",), ("y",)), symbol=Symbol(40, 64, 40), y=Value("float32"))
    assert not _is_divided(program, _images(40))
