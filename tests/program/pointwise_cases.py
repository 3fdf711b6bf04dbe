"""Catalogue: operators that treat each element alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from builders import (
    FLOAT,
    Case,
    Made,
    binary,
    deferred,
    lookup,
    one_operator,
    quantized,
    random_array,
    unary_operator,
)

from octavo.program import Value
from octavo.program.schema import UNARY_FUNCTIONS

INDEX = Value("int64")
U8, S8 = quantized(), quantized("int8", 0.04, 100)
TYPES = {"uint8": U8, "int8": S8}
# Lengths around those of vectors, and shapes of each rank.
SHAPES = (*((n,) for n in (1, 2, 3, 7, 15, 16, 17, 31, 33, 63, 64, 65, 127, 129, 1000)), (2, 3), (2, 5, 7),
          (2, 17, 5, 3), (1, 64, 7, 7), (1, 2, 3, 2, 2, 3))  # fmt: skip
# Zeros of both signs, infinities, the smallest and largest numbers, ties and the edges of the functions' pieces.
SPECIAL = np.float32(
    [0.0, -0.0, np.inf, -np.inf, 1e-45, -1e-45, 1.2e-38, 3.4e38, -3.4e38, 0.5, -0.5, 1.0, -1.0, 1.5, -2.5, 3.0, -3.0,
     6.0, 88.7, 88.8, -87.4, -103.9, -104.1, 1e-4, -1e-4, 0.625, 9.0, -9.0, 2.0**-149, 2.0**24 + 2, np.pi]
)  # fmt: skip
BROADCASTS = {
    "channel": ((2, 19, 5, 4), (1, 19, 1, 1)),
    "channel-of-a": ((2, 19, 1, 1), (2, 19, 5, 4)),
    "last-axis": ((2, 3, 33), (33,)),
    "scalar": ((2, 3, 17), ()),
    "one-element": ((2, 3, 17), (1,)),
    "both": ((3, 1, 5), (1, 4, 1)),
    "spatial": ((2, 16, 4, 4), (2, 1, 4, 4)),
}


def _label(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "scalar"


def _special(kind: str, output: object = FLOAT, missing: bool = False, **attributes: object) -> Case:
    """Run special floats; more than one vector of them, and NaN among them where its result is defined."""
    x = np.concatenate([SPECIAL, np.float32([np.nan] if missing else []), SPECIAL[::-1]])
    return one_operator(kind, [x], [FLOAT], output, attributes)  # type: ignore[arg-type]


def cast_cases() -> Made:
    edges = np.array([0, 1, -1, *(2**24 + i for i in range(4)), -(2**24) - 1, 2**53 + 1, 2**63 - 1, -(2**63)])
    for function in ("value", "not_zero"):
        attributes = {"function": function}
        for shape in SHAPES:
            bits = np.random.default_rng(0).integers(0, 2, shape)
            yield f"{function}-{_label(shape)}", deferred(one_operator, "cast", [bits], [INDEX], FLOAT, attributes)
        yield f"{function}-any", deferred(unary_operator, "cast", (3, 50), INDEX, FLOAT, **attributes)
        yield f"{function}-edges", deferred(one_operator, "cast", [edges], [INDEX], FLOAT, attributes)


def truncate_cases() -> Made:
    x = np.array([0.5, -0.5, 1.99, -1.99, 2**24 + 2, 2**30, -(2**30), 3e38, -np.inf, np.inf, np.nan, -0.0], np.float32)
    yield "edges", deferred(one_operator, "truncate", [x], [FLOAT], INDEX, {})
    for shape in SHAPES:
        yield _label(shape), deferred(unary_operator, "truncate", shape, FLOAT, INDEX)


def quantize_cases() -> Made:
    for shape in SHAPES:
        yield _label(shape), deferred(unary_operator, "quantize", shape, FLOAT, U8)
    for dtype in TYPES:
        for zero_point in (0, 1, 128, 255):
            output = quantized(dtype, 0.02, zero_point)
            yield f"{dtype}-zero-point{zero_point}", deferred(unary_operator, "quantize", (3, 50), FLOAT, output)
        yield f"{dtype}-special", deferred(_special, "quantize", TYPES[dtype], missing=True)
        half = quantized(dtype, 2.0, 120)
        ties = np.arange(-300, 301, dtype=np.float32)
        yield f"{dtype}-ties", deferred(one_operator, "quantize", [ties], [FLOAT], half)
        tiny = quantized(dtype, 1e-15, 120)
        yield f"{dtype}-tiny-scale", deferred(unary_operator, "quantize", (40,), FLOAT, tiny)
    yield "special-clamp", deferred(_special, "quantize", U8, missing=True, clamp_min=117, clamp_max=150)
    yield "clamp", deferred(unary_operator, "quantize", (2, 40), FLOAT, U8, clamp_min=117, clamp_max=150)


def dequantize_cases() -> Made:
    for shape in SHAPES:
        yield _label(shape), deferred(unary_operator, "dequantize", shape, U8, FLOAT)
    for dtype in TYPES:
        for zero_point in (0, 128, 255):
            given = quantized(dtype, 0.0371, zero_point)
            yield f"{dtype}-zero-point{zero_point}", deferred(unary_operator, "dequantize", (3, 50), given, FLOAT)


def _binary_cases(kind: str) -> Made:
    for shape in SHAPES:
        yield _label(shape), deferred(binary, kind, shape, shape)
    for label, (a, b) in BROADCASTS.items():
        yield f"broadcast-{label}", deferred(binary, kind, a, b)
        yield f"broadcast-{label}-float", deferred(binary, kind, a, b, (FLOAT, FLOAT))
    for a in TYPES:
        for b in TYPES:
            for y in TYPES:
                output = quantized(y, 0.08 if kind == "add" else 0.3, 110)
                yield f"{a}-{b}-to-{y}", deferred(binary, kind, (3, 41), (3, 41), (TYPES[a], TYPES[b]), output)
    far = (quantized("uint8", 0.05, 0), quantized("uint8", 7.0, 255))
    yield "zero-points-at-the-ends", deferred(binary, kind, (5, 50), (5, 50), far, quantized("uint8", 3.0, 128))
    half = (quantized("uint8", 1.0, 128), quantized("int8", 1.0, 128))
    yield "ties", deferred(binary, kind, (9, 70), (9, 70), half, quantized("int8", 2.0, 128))
    yield "clamp", deferred(binary, kind, (3, 41), (3, 41), clamp_min=120, clamp_max=170)
    yield "float", deferred(binary, kind, (2, 17, 5, 3), (2, 17, 5, 3), (FLOAT, FLOAT))


def add_cases() -> Made:
    return _binary_cases("add")


def mul_cases() -> Made:
    return _binary_cases("mul")


def table_cases() -> Made:
    for shape in SHAPES:
        yield _label(shape), deferred(lookup, 0, shape, U8, U8)
    for x in TYPES:
        for y in TYPES:
            yield f"{x}-to-{y}", deferred(lookup, 1, (4, 300), TYPES[x], TYPES[y])


def clamp_cases() -> Made:
    for low, high in ((0, 6), (None, 1.5), (-0.1, None), (None, None), (2, 2), (-3.4e38, 3.4e38)):
        label = f"{low}-to-{high}"
        yield label, deferred(unary_operator, "clamp", (3, 37), FLOAT, min=low, max=high)
        yield f"{label}-special", deferred(_special, "clamp", missing=True, min=low, max=high)


def unary_cases() -> Made:
    for function in UNARY_FUNCTIONS:
        for shape in ((), (1,), (15,), (17,), (2, 5, 7), (1, 33, 3, 3)):
            yield f"{function}-{_label(shape)}", deferred(unary_operator, "unary", shape, FLOAT, function=function)
        yield f"{function}-special", deferred(_special, "unary", function=function)
        wide = np.linspace(-110, 110, 2003, dtype=np.float32)
        yield f"{function}-wide", deferred(one_operator, "unary", [wide], [FLOAT], FLOAT, {"function": function})


def _parametric_cases(kind: str, settings: Sequence[dict[str, float]]) -> Made:
    for attributes in settings:
        label = "-".join(map(str, attributes.values()))
        for shape in ((), (17,), (2, 5, 7)):
            yield f"{label}-{_label(shape)}", deferred(unary_operator, kind, shape, FLOAT, **attributes)
        yield f"{label}-special", deferred(_special, kind, missing=True, **attributes)
        wide = np.linspace(-110, 110, 2003, dtype=np.float32)
        yield f"{label}-wide", deferred(one_operator, kind, [wide], [FLOAT], FLOAT, attributes)


def elu_cases() -> Made:
    settings = ((1, 1, 1), (0.5, 1.0, 2.0), (1.6732632423543772, 1.0507009873554805, 1), (-2, 3, 0.1))
    return _parametric_cases("elu", [dict(zip(("alpha", "scale", "input_scale"), s, strict=True)) for s in settings])


def softplus_cases() -> Made:
    settings = ((1, 20), (2.0, 5.0), (0.1, -3), (1e-30, 1e30))
    return _parametric_cases("softplus", [{"beta": beta, "threshold": threshold} for beta, threshold in settings])


def _prelu(x: np.ndarray, slopes: int) -> Case:
    slope = {"slope": np.random.default_rng(1).normal(0, 1, slopes).astype(np.float32)}
    return one_operator("prelu", [x], [FLOAT], FLOAT, {}, slope)


def prelu_cases() -> Made:
    for shape in SHAPES:
        x = random_array(np.random.default_rng(0), FLOAT, shape)
        yield f"one-{_label(shape)}", deferred(_prelu, x, 1)
        if len(shape) > 1:
            yield f"channels-{_label(shape)}", deferred(_prelu, x, shape[1])
    yield "special", deferred(_prelu, np.append(SPECIAL, np.float32(np.nan)), 1)
    yield "scalar", deferred(_prelu, np.float32(-2).reshape(()), 1)
