"""Pooling and means over space."""

from __future__ import annotations

from typing import Any

from octavo.graph.lowering.builder import Builder
from octavo.graph.lowering.layers import per_axis, symmetric
from octavo.graph.lowering.registry import Unsupported, Value, lowers, operator_key


def _axes(b: Builder, x: Value) -> int:
    axes = next(axes for axes in (1, 2, 3) if f"{axes}d" in operator_key(b.current.target))
    if len(b.shape(x)) != axes + 2:
        raise Unsupported("its input has no batch dimension", "call the model on batches")
    return axes


@lowers("max_pool1d", "max_pool2d", "max_pool3d")
def max_pool(
    b: Builder,
    x: Value,
    kernel: Any,
    stride: Any = (),
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> Value:
    """Lower max pooling."""
    axes = _axes(b, x)
    size = per_axis(kernel, axes)
    attributes = {
        "kernel": size,
        "stride": per_axis(stride, axes) or size,
        "padding": symmetric(per_axis(padding, axes)),
        "dilation": per_axis(dilation, axes),
        "ceil_mode": ceil_mode,
    }
    return b.emit("max_pool", (x,), None, attributes)


@lowers("avg_pool1d", "avg_pool2d", "avg_pool3d")
def avg_pool(
    b: Builder,
    x: Value,
    kernel: Any,
    stride: Any = (),
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor: int | None = None,
) -> Value:
    """Lower average pooling."""
    axes = _axes(b, x)
    size = per_axis(kernel, axes)
    attributes = {
        "kernel": size,
        "stride": per_axis(stride, axes) or size,
        "padding": symmetric(per_axis(padding, axes)),
        "ceil_mode": ceil_mode,
        "count_include_pad": count_include_pad,
        "divisor": divisor,
    }
    return b.emit("avg_pool", (x,), None, attributes)


@lowers(
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "_adaptive_avg_pool2d", "adaptive_avg_pool3d", "_adaptive_avg_pool3d"
)
def adaptive_avg_pool(b: Builder, x: Value, output_size: Any) -> Value:
    """Lower adaptive average pooling."""
    sizes = per_axis(output_size, _axes(b, x))
    return b.emit("adaptive_avg_pool", (x,), None, {"output_size": sizes})


@lowers("adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d")
def adaptive_max_pool(b: Builder, x: Value, output_size: Any) -> list[Value]:
    """Lower adaptive max pooling of known sizes that divide the input, as max pooling."""
    axes = _axes(b, x)
    sizes, space = per_axis(output_size, axes), b.shape(x)[2:]
    if not all(isinstance(n, int) and n % o == 0 for n, o in zip(space, sizes, strict=True)):
        raise Unsupported(f"its output size {sizes} does not divide the input's {list(space)}", "use max pooling")
    kernel = [int(n) // o for n, o in zip(space, sizes, strict=True)]
    attributes = {
        "kernel": kernel,
        "stride": kernel,
        "padding": symmetric([0] * axes),
        "dilation": [1] * axes,
        "ceil_mode": False,
    }
    return [b.emit("max_pool", (x,), (*b.shape(x)[:2], *sizes), attributes)]


def spatial_mean(b: Builder, x: Value, axes: Any) -> Value | None:
    """Lower the mean over all spatial axes as adaptive pooling; None where it is another mean, or one of squares."""
    shape = b.shape(x)
    rank = len(shape)
    reduced = {a % rank for a in ([axes] if isinstance(axes, int) else axes or range(rank))}
    if rank not in (3, 4, 5) or reduced != set(range(2, rank)) or _is_square(b, x):
        return None
    pooled_shape = (*shape[:2], *([1] * (rank - 2)))
    pooled = b.emit("adaptive_avg_pool", (x,), pooled_shape, {"output_size": [1] * (rank - 2)})
    return b.reshape(pooled, b.result_shape())


def _is_square(b: Builder, x: Value) -> bool:
    """Tell whether a value is a square, whose mean is part of a norm and stays in float32."""
    made = b.maker(x, "mul")
    return made is not None and len(set(made.inputs)) == 1
