"""Exact Winograd convolution gives the bits of the reference, and is taken only where it must."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from builders import conv_transpose

from octavo import _core
from octavo.program import Input, Operator, Program, Value, reference, verify
from octavo.runtime import LoadedProgram

NAME = "layer"
TYPES = ("uint8", "int8")
LIMIT = 2**25
"""Accumulators within [-LIMIT, LIMIT) are exact: 64 of them fit in 32 bits."""


def _value(dtype: str, scale: float, zero_point: int) -> Value:
    if dtype == "float32":
        return Value(dtype)
    return Value(dtype, scale, zero_point - 128 * (dtype == "int8"))


def _layer(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray,
    zero_point: int = 117,
    y: str = "float32",
    padding: tuple[tuple[int, int], tuple[int, int]] = ((1, 1), (1, 1)),
    residual: np.ndarray | None = None,
    multiplier: float = 1.0,
    **form: Any,
) -> tuple[Program, list[np.ndarray]]:
    """Build a layer; a float32 output is the accumulator times `multiplier`; `form`: other strides."""
    values = {"x": _value(str(x.dtype), 1.0, zero_point), "y": _value(y, 64.0, 9)}
    arrays, inputs = [x], [Input("x", str(x.dtype), x.shape)]
    if residual is not None:
        values["r"] = _value(str(residual.dtype), 48.0, 130)
        arrays.append(residual)
        inputs.append(Input("r", str(residual.dtype), residual.shape))
    constants = {"weight": weight, "bias": bias, "weight_scale": np.full(len(bias), multiplier, np.float32)}
    window: dict[str, Any] = {"stride": (1, 1), "dilation": (1, 1), "groups": 1, "padding": padding, **form}
    names = tuple(given.name for given in inputs)
    operator = Operator("conv", NAME, names, ("y",), window, {role: role for role in constants})
    program = Program(tuple(inputs), ("y",), values, (operator,), constants)
    verify(program)
    return program, arrays


def _algorithms(program: Program, isa: str, wanted: str = "winograd") -> tuple[LoadedProgram, str]:
    """Return the program with the algorithm wanted, and which one it has: either offers the other as a variant."""
    loaded = LoadedProgram(program, threads=1, isa=isa, variants={NAME: wanted})
    shapes = tuple(tuple(int(size) for size in given.shape) for given in program.inputs)
    offered = dict(loaded.plans.find(shapes).native.variants(1))[NAME]
    assert not {"direct", "winograd"} <= set(offered)
    return loaded, "winograd" if "direct" in offered else "direct"


def _assert_equal(program: Program, arrays: list[np.ndarray], counts: tuple[int, ...] = (1, 2, 3)) -> None:
    (expected,) = reference.run(program, list(arrays))
    for isa in _core.supported_isas():
        for threads in counts:
            loaded = LoadedProgram(program, threads=threads, isa=isa, variants={NAME: "winograd"})
            for attempt in ("first", "second"):  # the second finds memory as the first left it
                np.testing.assert_array_equal(
                    loaded(*arrays), expected, err_msg=f"{isa}, {threads} threads, {attempt} run", strict=True
                )


def _bytes(rng: np.random.Generator, dtype: str, shape: tuple[int, ...], kind: str) -> np.ndarray:
    """Draw all of a dtype, or its two ends alone, or one of them everywhere."""
    limits = np.iinfo(dtype)
    ends = np.array([limits.min, limits.max], dtype)
    if kind == "ends":
        return rng.choice(ends, shape)
    if kind == "constant":
        return np.full(shape, rng.choice(ends), dtype)
    return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)


@pytest.mark.parametrize("seed", range(48))
def test_equals_reference(seed):
    rng = np.random.default_rng(seed)
    x_type, y_type = TYPES[seed % 2], (*TYPES, "float32")[seed % 3]
    batch, ic, oc = int(rng.integers(1, 4)), int(rng.choice([1, 3, 16, 31, 40, 65])), int(rng.integers(1, 70))
    size = rng.integers(1, 20, 2)
    padding = rng.integers(0, 3, 4)
    size = np.maximum(size, 3 - padding.reshape(2, 2).sum(1))
    kinds = ("random", "ends", "constant")
    x = _bytes(rng, x_type, (batch, ic, *size), kinds[int(rng.integers(3))])
    weight = _bytes(rng, "int8", (oc, ic, 3, 3), kinds[int(rng.integers(2))])
    weight = np.maximum(weight, -127)
    out = size + padding.reshape(2, 2).sum(1) - 2
    residual = None
    if y_type != "float32" and rng.random() < 0.5:
        residual = _bytes(rng, TYPES[int(rng.integers(2))], (batch, oc, *out), "random")
    program, arrays = _layer(
        x,
        weight,
        rng.integers(-5000, 5000, oc, dtype=np.int32),
        zero_point=int(rng.choice([0, 1, 117, 255])),
        y=y_type,
        padding=((int(padding[0]), int(padding[1])), (int(padding[2]), int(padding[3]))),
        residual=residual,
        multiplier=0.37 / ic,
    )
    assert _algorithms(program, "reference")[1] == "winograd"
    _assert_equal(program, arrays)


@pytest.mark.parametrize(("ic", "oc", "height", "width"), [(200, 96, 5, 9), (130, 150, 3, 2), (576, 30, 13, 31)])
def test_weights_that_a_run_transforms(ic, oc, height, width):
    """Those of wide layers: with more threads than panels of 32 channels, in one block and in several."""
    rng = np.random.default_rng(ic)
    x = _bytes(rng, "uint8", (1, ic, height, width), "random")
    weight = np.clip(rng.normal(0, 40, (oc, ic, 3, 3)).round(), -127, 127).astype(np.int8)
    program, arrays = _layer(x, weight, rng.integers(-5000, 5000, oc, dtype=np.int32), y="uint8", multiplier=0.3 / ic)
    assert _algorithms(program, "reference")[1] == "winograd"
    _assert_equal(program, arrays, (1, 2, 7))


@pytest.mark.parametrize("oc", [33, 65, 150, 224])
@pytest.mark.parametrize("height", [5, 12, 19, 28, 45])
def test_rows_that_fall_to_two_groups_of_threads(height, oc):
    """Where threads do not divide the rows of tiles: pairs of panels of some, even and odd numbers of panels."""
    rng = np.random.default_rng(height * oc)
    x = _bytes(rng, "uint8", (1, 5, height, 9), "random")
    weight = rng.integers(-127, 127, (oc, 5, 3, 3), np.int8, endpoint=True)
    program, arrays = _layer(x, weight, rng.integers(-5000, 5000, oc, dtype=np.int32), y="uint8", multiplier=0.1)
    assert _algorithms(program, "reference")[1] == "winograd"
    _assert_equal(program, arrays, (2, 3, 4, 5, 6, 8, 13))


@pytest.mark.parametrize("tiles", range(1, 15))
def test_points_made_beside_products(tiles):
    """Every height of a product's tile, on weights that a run transforms; an odd number of channels."""
    rng = np.random.default_rng(tiles)
    x = _bytes(rng, "uint8", (1, 577, 4, 4 * tiles), "ends")
    weight = np.clip(rng.normal(0, 20, (20, 577, 3, 3)).round(), -127, 127).astype(np.int8)
    weight[rng.random(weight.shape) < 0.01] = rng.choice([-127, 127])
    program, arrays = _layer(x, weight, np.zeros(20, np.int32))
    assert _algorithms(program, "reference")[1] == "winograd"
    _assert_equal(program, arrays, (1,))


@pytest.mark.parametrize("height", range(1, 14))
def test_every_division_into_tiles(height):
    """Tiles of 1 to 4 rows and columns, in one block and in several."""
    rng = np.random.default_rng(height)
    for width in (height, 14 - height, 125):
        x = _bytes(rng, "uint8", (1, 4, height, width), "ends")
        weight = rng.integers(-127, 127, (5, 4, 3, 3), np.int8, endpoint=True)
        program, arrays = _layer(x, weight, np.zeros(5, np.int32))
        assert _algorithms(program, "reference")[1] == "winograd"
        _assert_equal(program, arrays)


def _extreme(rng: np.random.Generator, zero_point: int, ic: int, up: bool) -> tuple[np.ndarray, np.ndarray, int]:
    """Draw a channel's weights, the bytes that take its sum as far up or down as any do, and that sum without bias."""
    weight = rng.integers(-127, 127, (1, ic, 3, 3), np.int8, endpoint=True)
    x = np.where((weight > 0) == up, 255, 0).astype(np.uint8)
    return weight, x, int(((x.astype(np.int64) - zero_point) * weight).sum())


@pytest.mark.parametrize("zero_point", [0, 117, 255])
@pytest.mark.parametrize("up", [True, False], ids=["up", "down"])
@pytest.mark.parametrize("ic", [1, 20])
def test_the_guard_is_the_exact_bound(ic, up, zero_point):
    """A layer that some input takes to the last exact accumulator is computed; one step further it goes direct."""
    rng = np.random.default_rng(ic)
    weight, x, reach = _extreme(rng, zero_point, ic, up)
    last = (LIMIT - 1 if up else -LIMIT) - reach
    for bias, expected in ((last, "winograd"), (last + (1 if up else -1), "direct")):
        program, arrays = _layer(x, weight, np.array([bias], np.int32), zero_point, padding=((0, 0), (0, 0)))
        assert reference.run(program, arrays)[0].item() == np.float32(reach + bias)
        for isa in _core.supported_isas():
            assert _algorithms(program, isa)[1] == expected, isa
        _assert_equal(program, arrays)


def test_the_bound_is_that_of_all_inputs():
    """Of all inputs of two weights, every one tried, none goes further than the one that the guard supposes."""
    rng = np.random.default_rng(0)
    for up in (True, False):
        weight, _, reach = _extreme(rng, 117, 1, up)
        kept = weight.reshape(-1)[:2].astype(np.int64)
        levels = np.arange(256) - 117
        every = kept[0] * levels[:, None] + kept[1] * levels
        x = np.where((kept > 0) == up, 255, 0) - 117
        assert (every.max() if up else every.min()) == (kept * x).sum()
        assert (reach > 0) == up


def test_a_multiplier_too_small_goes_direct():
    """A 64th of it would not be a float32."""
    x, weight = np.full((1, 1, 3, 3), 200, np.uint8), np.full((1, 1, 3, 3), 100, np.int8)
    for exponent, expected in ((-120, "winograd"), (-145, "direct")):
        program, arrays = _layer(x, weight, np.zeros(1, np.int32), multiplier=2.0**exponent)
        assert _algorithms(program, "reference")[1] == expected
        _assert_equal(program, arrays)


@pytest.mark.parametrize(
    ("shape", "form"),
    [
        ((8, 8, 3, 3), {"stride": (2, 2)}),
        ((8, 8, 3, 3), {"stride": (1, 2)}),
        ((8, 8, 3, 3), {"dilation": (2, 1)}),
        ((8, 4, 3, 3), {"groups": 2}),
        ((8, 8, 1, 3), {}),
        ((8, 8, 5, 5), {}),
    ],
    ids=str,
)
def test_layers_of_another_form_go_direct(shape, form):
    rng = np.random.default_rng(0)
    weight = rng.integers(-127, 127, shape, np.int8, endpoint=True)
    program, arrays = _layer(_bytes(rng, "uint8", (1, 8, 9, 9), "random"), weight, np.zeros(8, np.int32), **form)
    assert _algorithms(program, "reference")[1] == "direct"
    _assert_equal(program, arrays)


def test_the_engine_chooses_by_shape():
    """Where products are many they are saved; where weights are read for a few pixels they are not."""
    rng = np.random.default_rng(0)
    fast = [isa for isa in _core.supported_isas() if isa in ("avx2", "avx512_vnni")]
    weight = np.clip(rng.normal(0, 30, (128, 128, 3, 3)).round(), -127, 127).astype(np.int8)
    for size, expected in ((28, "winograd"), (1, "direct")):
        program, _ = _layer(np.zeros((1, 128, size, size), np.uint8), weight, np.zeros(128, np.int32))
        for isa in fast:
            assert _algorithms(program, isa, wanted="")[1] == expected, (isa, size)
        assert _algorithms(program, "reference", wanted="")[1] == "direct"


def test_parts_of_a_transposed_convolution_go_direct():
    """They have no scratch memory, whatever variant is asked for."""
    program, arrays = conv_transpose(x=(1, 8, 6, 7), oc=9, kernel=(3, 3), padding=1)
    _assert_equal(program, arrays)
