"""Programs of one operator with random data, for every test that compares two executors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from octavo.program import Input, Operator, Program, Value
from octavo.program.shape_rules import window_count

Case = tuple[Program, list[np.ndarray]]
FLOAT = Value("float32")


def quantized(dtype: str = "uint8", scale: float = 0.05, zero_point: int = 117) -> Value:
    """Return an eight-bit value type; the scale is rounded to float32."""
    return Value(dtype, float(np.float32(scale)), zero_point - 128 if dtype == "int8" else zero_point)


def random_array(rng: np.random.Generator, value: Value, shape: Sequence[int]) -> np.ndarray:
    """Return an array of a value's dtype: all of its range, both ends included, or normal floats."""
    if value.dtype == "float32":
        return rng.normal(0, 3, shape).astype(np.float32)
    limits = np.iinfo(value.dtype)
    if value.dtype == "int64":
        return rng.integers(limits.min, limits.max, shape, endpoint=True)
    array = rng.integers(limits.min, limits.max, shape, endpoint=True, dtype=value.dtype)
    ends = rng.random(shape)
    array[ends < 0.05] = limits.min
    array[ends > 0.95] = limits.max
    return array


def one_operator(
    kind: str,
    arrays: Sequence[np.ndarray],
    types: Sequence[Value],
    output: Value | Sequence[Value],
    attributes: Mapping[str, Any] | None = None,
    constants: Mapping[str, np.ndarray] | None = None,
    outputs: tuple[str, ...] = ("y",),
) -> Case:
    """Return a program of one operator called "layer" and its inputs; every shape is fixed.

    The operator's outputs are the program's, each of the type `output`, or each of its own.
    """
    made = [output] * len(outputs) if isinstance(output, Value) else output
    names = [f"x{i}" for i in range(len(arrays))]
    constants = constants or {}
    program = Program(
        inputs=tuple(
            Input(name, value.dtype, array.shape) for name, value, array in zip(names, types, arrays, strict=True)
        ),
        outputs=outputs,
        values={**dict(zip(names, types, strict=True)), **dict(zip(outputs, made, strict=True))},
        operators=(
            Operator(
                kind, "layer", tuple(names), outputs, attributes or {}, {role: f"layer.{role}" for role in constants}
            ),
        ),
        constants={f"layer.{role}": array for role, array in constants.items()},
        output_structure=list(range(len(outputs))) if len(outputs) > 1 else 0,
        producer="tests",
    )
    return program, list(arrays)


def weights(rng: np.random.Generator, shape: Sequence[int], extreme: bool = False) -> dict[str, np.ndarray]:
    """Return `weight`, `bias` and `weight_scale` of an int8 layer; extreme: all weights are ±127, one sign per row."""
    weight = rng.integers(-127, 127, shape, endpoint=True, dtype=np.int8)
    if extreme:
        sign = np.where(np.arange(shape[0]) % 2, -1, 1).reshape(-1, *[1] * (len(shape) - 1))
        weight = np.broadcast_to(127 * sign, shape).astype(np.int8)
    return {
        "weight": weight,
        "bias": rng.integers(-20000, 20000, shape[0], dtype=np.int32),
        "weight_scale": rng.uniform(0.001, 0.02, shape[0]).astype(np.float32),
    }


def float_weights(rng: np.random.Generator, shape: Sequence[int]) -> dict[str, np.ndarray]:
    """Return `weight` and `bias` of a float32 layer."""
    return {
        "weight": rng.normal(0, 0.2, shape).astype(np.float32),
        "bias": rng.normal(0, 1, shape[0]).astype(np.float32),
    }


def layer_output(depth: int, x: Value, dtype: str = "uint8", zero_point: int = 117) -> Value:
    """Return a type for the output of an int8 layer that sums `depth` products, so that few results saturate."""
    assert x.scale is not None
    return quantized(dtype, x.scale * 0.01 * 74 * 73 * depth**0.5 / 60, zero_point)


def conv(
    seed: int = 0,
    x: Sequence[int] = (1, 8, 5, 5),
    oc: int = 8,
    kernel: Sequence[int] = (3, 3),
    stride: Sequence[int] | int = 1,
    padding: Sequence[Sequence[int]] | int = 0,
    dilation: Sequence[int] | int = 1,
    groups: int = 1,
    dtype: str = "uint8",
    zero_point: int = 117,
    output: str = "uint8",
    output_zero_point: int = 117,
    residual: str | None = None,
    clamp: tuple[int, int] | None = None,
    extreme: bool = False,
) -> Case:
    """Return a convolution. Zero_points count from the lowest element of the dtype; extreme: every sum at its worst."""
    rng = np.random.default_rng(seed)
    spatial = len(kernel)
    stride, dilation = ((v,) * spatial if isinstance(v, int) else v for v in (stride, dilation))
    padding = ((padding, padding),) * spatial if isinstance(padding, int) else padding
    attributes = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    shape = (oc, x[1] // groups, *kernel)
    if dtype == "float32":
        array = random_array(rng, FLOAT, x)
        return one_operator("conv", [array], [FLOAT], FLOAT, attributes, float_weights(rng, shape))
    given = quantized(dtype, zero_point=zero_point)
    made = FLOAT if output == "float32" else layer_output(prod(shape[1:]), given, output, output_zero_point)
    array = random_array(rng, given, x)
    if extreme:
        array[:] = np.iinfo(dtype).max
    arrays, types = [array], [given]
    if residual is not None:
        sizes = [
            window_count(n, k, s, p, d) for n, k, s, p, d in zip(x[2:], kernel, stride, padding, dilation, strict=True)
        ]
        types.append(quantized(residual, 0.7 * (made.scale or 1.0), 90))
        arrays.append(random_array(rng, types[1], (x[0], oc, *sizes)))
    if clamp is not None:
        attributes.update(clamp_min=clamp[0], clamp_max=clamp[1])
    return one_operator("conv", arrays, types, made, attributes, weights(rng, shape, extreme))


def conv_transpose(
    seed: int = 0,
    x: Sequence[int] = (1, 8, 5, 5),
    oc: int = 8,
    kernel: Sequence[int] = (3, 3),
    stride: Sequence[int] | int = 1,
    padding: Sequence[Sequence[int]] | int = 0,
    output_padding: Sequence[int] | int = 0,
    dilation: Sequence[int] | int = 1,
    groups: int = 1,
    dtype: str = "uint8",
    zero_point: int = 117,
    output: str = "uint8",
    clamp: tuple[int, int] | None = None,
    extreme: bool = False,
) -> Case:
    """Return a transposed convolution; arguments as for `conv`."""
    rng = np.random.default_rng(seed)
    spatial = len(kernel)
    stride, dilation, more = ((v,) * spatial if isinstance(v, int) else v for v in (stride, dilation, output_padding))
    padding = ((padding, padding),) * spatial if isinstance(padding, int) else padding
    attributes = {"stride": stride, "padding": padding, "output_padding": more, "dilation": dilation, "groups": groups}
    shape = (x[1], oc // groups, *kernel)
    if dtype == "float32":
        array = random_array(rng, FLOAT, x)
        constants = float_weights(rng, shape) | {"bias": rng.normal(0, 1, oc).astype(np.float32)}
        return one_operator("conv_transpose", [array], [FLOAT], FLOAT, attributes, constants)
    given = quantized(dtype, zero_point=zero_point)
    depth = -(-prod(kernel) // prod(stride)) * x[1] // groups
    made = FLOAT if output == "float32" else layer_output(depth, given, output)
    array = random_array(rng, given, x)
    if extreme:
        array[:] = np.iinfo(dtype).max
    constants = weights(rng, (oc, x[1] // groups, *kernel), extreme)
    constants["weight"] = _transposed(constants["weight"], groups)
    if clamp is not None:
        attributes.update(clamp_min=clamp[0], clamp_max=clamp[1])
    return one_operator("conv_transpose", [array], [given], made, attributes, constants)


def _transposed(weight: np.ndarray, groups: int) -> np.ndarray:
    """Return a weight [oc, ic/groups, …] as [ic, oc/groups, …]."""
    return np.concatenate([part.swapaxes(0, 1) for part in np.split(weight, groups)])


def linear(
    seed: int = 0,
    x: Sequence[int] = (1, 16),
    out: int = 8,
    dtype: str = "uint8",
    zero_point: int = 117,
    output: str = "uint8",
    residual: str | None = None,
    clamp: tuple[int, int] | None = None,
    extreme: bool = False,
) -> Case:
    """Return a fully connected layer; arguments as for `conv`."""
    rng = np.random.default_rng(seed)
    if dtype == "float32":
        array = random_array(rng, FLOAT, x)
        return one_operator("linear", [array], [FLOAT], FLOAT, {}, float_weights(rng, (out, x[-1])))
    given = quantized(dtype, zero_point=zero_point)
    made = FLOAT if output == "float32" else layer_output(x[-1], given, output)
    array = random_array(rng, given, x)
    if extreme:
        array[:] = np.iinfo(dtype).max
    arrays, types = [array], [given]
    if residual is not None:
        types.append(quantized(residual, 0.7 * (made.scale or 1.0), 90))
        arrays.append(random_array(rng, types[1], (*x[:-1], out)))
    attributes = {} if clamp is None else {"clamp_min": clamp[0], "clamp_max": clamp[1]}
    return one_operator("linear", arrays, types, made, attributes, weights(rng, (out, x[-1]), extreme))


def binary(
    kind: str,
    a: Sequence[int],
    b: Sequence[int],
    types: tuple[Value, Value] = (quantized(), quantized("int8", 0.031, 140)),
    output: Value | None = None,
    seed: int = 0,
    **attributes: int,
) -> Case:
    """Return an `add` or `mul` of two shapes that broadcast."""
    rng = np.random.default_rng(seed)
    if output is None:
        is_float = types[0].dtype == "float32"
        output = FLOAT if is_float else quantized("uint8", 0.07 if kind == "add" else 0.4, 120)
    arrays = [random_array(rng, types[0], a), random_array(rng, types[1], b)]
    return one_operator(kind, arrays, types, output, attributes)


def unary_operator(
    kind: str,
    x: Sequence[int],
    given: Value,
    output: Value | None = None,
    seed: int = 0,
    **attributes: Any,
) -> Case:
    """Return any operator of one input without constants; its output has the input's type unless told otherwise."""
    array = random_array(np.random.default_rng(seed), given, x)
    return one_operator(kind, [array], [given], output or given, attributes)


def lookup(seed: int, x: Sequence[int], given: Value, output: Value) -> Case:
    """Return a `table` of random entries."""
    rng = np.random.default_rng(seed)
    table = {"table": random_array(rng, output, (256,))}
    return one_operator("table", [random_array(rng, given, x)], [given], output, {}, table)


# A catalogue's entries: a label and a program that is built when it is asked for.
Made = Iterator[tuple[str, Callable[[], Case]]]


def deferred(function: Callable[..., Case], /, *args: Any, **kwargs: Any) -> Callable[[], Case]:
    """Return a call to be made later."""
    return lambda: function(*args, **kwargs)
