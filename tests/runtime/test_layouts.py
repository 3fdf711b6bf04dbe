"""Operators on values that lie in memory in every way the planner has: views with gaps, parts of a concat, channels
last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from octavo import _core
from octavo.program import Input, Operator, Program, Value, reference, verify
from octavo.runtime import LoadedProgram

SEED = 0
SHAPE = (3, 6, 7, 9)
FLOAT = Value("float32")
LINE = ("weight", "bias")
# type, attributes and the length of its float32 constants, on a value of SHAPE with one row or column less
OPERATORS: dict[str, tuple[str, dict[str, Any], Mapping[str, int]]] = {
    "layer_norm-1": ("layer_norm", {"axes": 1, "eps": 1e-5}, dict.fromkeys(LINE, -1)),
    "layer_norm-3": ("layer_norm", {"axes": 3, "eps": 1e-5}, dict.fromkeys(LINE, -3)),
    "softmax": ("softmax", {"axis": 1}, {}),
    "log_softmax": ("log_softmax", {"axis": 2}, {}),
    "prelu": ("prelu", {}, {"slope": 1}),
    "elu": ("elu", {"alpha": 1, "scale": 1, "input_scale": 1}, {}),
    "group_norm": ("group_norm", {"groups": 2, "eps": 1e-5}, dict.fromkeys(LINE, 1)),
}


def _constants(lengths: Mapping[str, int], shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Draw constants as long as axis 1 (1) or as the last axes together (negative) have elements."""
    rng = np.random.default_rng(SEED)
    counts = {role: shape[1] if n == 1 else int(np.prod(shape[n:])) for role, n in lengths.items()}
    return {role: rng.normal(0, 1, count).astype(np.float32) for role, count in counts.items()}


def _run(operators: list[Operator], values: dict[str, Value], constants: dict[str, np.ndarray]) -> None:
    inputs = (Input("x", "float32", SHAPE),)
    program = Program(inputs, (operators[-1].outputs[0],), {"x": FLOAT, **values}, tuple(operators), constants)
    verify(program)
    x = np.random.default_rng(SEED).normal(0, 3, SHAPE).astype(np.float32)
    expected = reference.run(program, [x])[0]
    for isa in _core.supported_isas():
        for threads in (1, 2):
            got = LoadedProgram(program, threads=threads, isa=isa)(x)
            np.testing.assert_array_equal(got, expected, err_msg=f"{isa}, {threads} threads", strict=True)


@pytest.mark.parametrize("axis", [0, 2, 3])
@pytest.mark.parametrize("label", OPERATORS)
def test_between_a_slice_and_a_concat(label, axis):
    """The input is a view with gaps, the output a part of a larger value."""
    kind, attributes, lengths = OPERATORS[label]
    shape = tuple(size - 1 if i == axis else size for i, size in enumerate(SHAPE))
    constants = _constants(lengths, shape)
    operators = [
        Operator("slice", "slice", ("x",), ("part",), {"axis": axis, "start": 1, "end": None, "step": 1}),
        Operator(kind, "layer", ("part",), ("y",), attributes, {role: role for role in constants}),
        Operator("unary", "neg", ("part",), ("negated",), {"function": "neg"}),
        Operator("concat", "concat", ("y", "negated", "y"), ("joined",), {"axis": axis}),
    ]
    _run(operators, dict.fromkeys(("part", "y", "negated", "joined"), FLOAT), constants)


@pytest.mark.parametrize("dims", [(0, 1, 2, 3), (0, 2, 3, 1), (3, 2, 1, 0)])
@pytest.mark.parametrize("axis", range(4))
@pytest.mark.parametrize("function", ["mean", "max"])
def test_reduce_of_views(function, axis, dims):
    """The input is a transposed view with gaps, the outputs are parts of larger values."""
    settings = {"function": function, "axis": axis}
    operators = [
        Operator("slice", "slice", ("x",), ("part",), {"axis": 3, "start": 1, "end": None, "step": 2}),
        Operator("permute", "permute", ("part",), ("turned",), {"dims": dims}),
        Operator("reduce", "kept", ("turned",), ("k",), {**settings, "keepdim": True}),
        Operator("concat", "joins", ("k", "turned"), ("joined",), {"axis": axis}),
        Operator("reduce", "layer", ("joined",), ("r",), {**settings, "keepdim": False}),
        Operator("concat", "again", ("r", "r"), ("y",), {"axis": 1}),
    ]
    _run(operators, dict.fromkeys(("part", "turned", "k", "joined", "r", "y"), FLOAT), {})


@pytest.mark.parametrize("dims", [(0, 1, 2, 3), (0, 2, 3, 1), (3, 2, 1, 0)])
@pytest.mark.parametrize("axis", range(4))
@pytest.mark.parametrize("kind", ["take", "gather"])
def test_indices_of_views(kind, axis, dims):
    """Both inputs are transposed views with gaps, the output is a part of a larger value."""
    rng = np.random.default_rng(SEED)
    turned = tuple((3, 6, 7, 5)[i] for i in dims)  # x without four of its columns
    wanted = tuple(min(turned) if i == axis else size for i, size in enumerate(turned)) if kind == "gather" else (2, 4)
    stored = rng.integers(0, turned[axis], (*wanted[::-1], 2))
    back = tuple(range(len(wanted) - 1, -1, -1))
    operators = [
        Operator("slice", "slice", ("x",), ("part",), {"axis": 3, "start": 0, "end": None, "step": 2}),
        Operator("permute", "permute", ("part",), ("turned",), {"dims": dims}),
        Operator("slice", "half", ("ids",), ("every",), {"axis": len(wanted), "start": 1, "end": None, "step": 1}),
        Operator("reshape", "drop", ("every",), ("dropped",), {"shape": wanted[::-1]}),
        Operator("permute", "back", ("dropped",), ("indices",), {"dims": back}),
        Operator(kind, "layer", ("turned", "indices"), ("y",), {"axis": axis}),
        Operator("concat", "concat", ("y", "y"), ("joined",), {"axis": 1}),
    ]
    values = dict.fromkeys(("ids", "every", "dropped", "indices"), Value("int64"))
    values |= dict.fromkeys(("x", "part", "turned", "y", "joined"), FLOAT)
    inputs = (Input("x", "float32", SHAPE), Input("ids", "int64", stored.shape))
    program = Program(inputs, ("joined",), values, tuple(operators), {})
    verify(program)
    arrays = [rng.normal(0, 3, SHAPE).astype(np.float32), stored]
    expected = reference.run(program, arrays)[0]
    for isa in _core.supported_isas():
        for threads in (1, 2):
            np.testing.assert_array_equal(
                LoadedProgram(program, threads=threads, isa=isa)(*arrays), expected, strict=True
            )


def test_where_over_its_own_inputs():
    """The output may lie over one input only where no other reads that memory in another way."""
    operators = [
        Operator("slice", "slice", ("x",), ("square",), {"axis": 3, "start": 1, "end": 8, "step": 1}),
        Operator("unary", "relu", ("square",), ("c",), {"function": "relu"}),
        Operator("permute", "turn", ("c",), ("turned",), {"dims": (0, 1, 3, 2)}),
        Operator("where", "first", ("c", "turned", "c"), ("w",), {}),
        Operator("unary", "neg", ("w",), ("a",), {"function": "neg"}),
        Operator("where", "second", ("w", "a", "w"), ("v",), {}),
        Operator("binary", "third", ("v", "v"), ("y",), {"function": "sub"}),
        Operator("concat", "concat", ("v", "y"), ("joined",), {"axis": 1}),
    ]
    _run(operators, dict.fromkeys(("square", "c", "turned", "w", "a", "v", "y", "joined"), FLOAT), {})


@pytest.mark.parametrize("kind", ["embedding", "embedding_bag"])
def test_ids_that_are_moved(kind):
    """Ids reach a table through views and a concat."""
    index = Value("int64")
    ids = np.random.default_rng(SEED).integers(0, 11, (5, 4, 6))
    bag = kind == "embedding_bag"
    operators = [
        Operator("slice", "slice", ("ids",), ("part",), {"axis": 2, "start": 1, "end": None, "step": 2}),
        Operator("permute", "permute", ("part",), ("turned",), {"dims": (2, 1, 0)}),
        Operator("reshape", "reshape", ("ids",), ("flat",), {"shape": (6, 4, 5)}),
        Operator("concat", "concat", ("turned", "flat"), ("joined",), {"axis": 0}),
        Operator("slice", "column", ("joined",), ("column",), {"axis": 1, "start": 2, "end": 3, "step": 1}),
        Operator("reshape", "rows", ("column",), ("rows",), {"shape": (9, 5)}),
        Operator(kind, "layer", ("rows",), ("y",), {"mode": "mean"} if bag else {}, {"weight": "weight"}),
    ]
    values = dict.fromkeys(("ids", "part", "turned", "flat", "joined", "column", "rows"), index) | {"y": FLOAT}
    constants = {"weight": np.random.default_rng(SEED).normal(0, 1, (11, 7)).astype(np.float32)}
    program = Program((Input("ids", "int64", ids.shape),), ("y",), values, tuple(operators), constants)
    verify(program)
    expected = reference.run(program, [ids])[0]
    for isa in _core.supported_isas():
        np.testing.assert_array_equal(LoadedProgram(program, threads=2, isa=isa)(ids), expected, strict=True)


@pytest.mark.parametrize("label", OPERATORS)
def test_between_convolutions(label):
    """Both neighbours want the channels last."""
    kind, attributes, lengths = OPERATORS[label]
    rng = np.random.default_rng(SEED)
    q = Value("uint8", 0.0625, 120)
    constants = _constants(lengths, SHAPE)
    for name in ("a", "b"):
        constants[f"{name}.weight"] = rng.integers(-127, 128, (6, 6, 3, 3)).astype(np.int8)
        constants[f"{name}.bias"] = rng.integers(-999, 999, 6).astype(np.int32)
        constants[f"{name}.scale"] = rng.uniform(0.001, 0.01, 6).astype(np.float32)

    def conv(name: str, x: str, y: str) -> Operator:
        roles = {"weight": f"{name}.weight", "bias": f"{name}.bias", "weight_scale": f"{name}.scale"}
        settings = {"stride": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1), "groups": 1}
        return Operator("conv", name, (x,), (y,), settings, roles)

    operators = [
        Operator("quantize", "quantize", ("x",), ("q",)),
        conv("a", "q", "convolved"),
        Operator("dequantize", "dequantize", ("convolved",), ("real",)),
        Operator(kind, "layer", ("real",), ("y",), attributes, {role: role for role in lengths}),
        Operator("quantize", "again", ("y",), ("r",)),
        conv("b", "r", "z"),
    ]
    values = {"q": q, "convolved": Value("uint8", 1.0, 128), "real": FLOAT, "y": FLOAT, "r": q, "z": FLOAT}
    _run(operators, values, constants)
