"""The shape of an operator's output, given the shapes of its inputs: one rule an operator type.

A rule takes the input shapes, the attributes (symbols already replaced by integers) and the shapes of the constants;
it returns the output's shape or raises `ShapeError` saying what does not fit. Every dimension is at least 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from octavo.program.errors import ShapeError
from octavo.program.types import Shape

MAX_WINDOW = 2**23  # elements of an averaging window: 255 times as many stay in int32

MAX_PHASES = 4096  # of a transposed convolution: outputs that see different taps

ShapeRule = Callable[[Sequence[Shape], Mapping[str, Any], Mapping[str, Shape]], Shape]


def window_count(
    size: int, kernel: int, stride: int, padding: Sequence[int], dilation: int = 1, ceil_mode: bool = False
) -> int:
    """Return how many windows fit along an axis of `size` elements: `floor((n + before + after − d·(k−1) − 1)/s) + 1`.

    With `ceil_mode` it is `ceil` for `floor`, less one where the last window would start past `n + before`.
    """
    before, after = padding
    room = size + before + after - dilation * (kernel - 1) - 1
    if room < 0:
        raise ShapeError(
            f"a window of {dilation * (kernel - 1) + 1} elements is wider than the {size + before + after} elements"
            f" of the padded axis ({before} + {size} + {after})"
        )
    count = (room + (stride - 1 if ceil_mode else 0)) // stride + 1
    if ceil_mode and (count - 1) * stride >= size + before:
        count -= 1
    return count


def same(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
    return inputs[0]


def broadcast(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
    shape = inputs[0]
    for other in inputs[1:]:
        rank = max(len(shape), len(other))
        pairs = list(zip((1,) * (rank - len(shape)) + shape, (1,) * (rank - len(other)) + other, strict=True))
        if any(m != n and 1 not in (m, n) for m, n in pairs):
            raise ShapeError(f"the inputs' shapes {list(shape)} and {list(other)} do not broadcast")
        shape = tuple(max(m, n) for m, n in pairs)
    return shape


def conv(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
    x, weight, groups = inputs[0], constants["weight"], attributes["groups"]
    spatial = _spatial(x, attributes, ("stride", "dilation", "padding"))
    if len(weight) != len(x):
        raise ShapeError(f"the weight has shape {list(weight)}; {len(x)} axes are needed for an input of {list(x)}")
    out_channels, in_channels = weight[0], weight[1] * groups
    if x[1] != in_channels:
        raise ShapeError(
            f"the input has {x[1]} channels (axis 1 of {list(x)}); the weight {list(weight)} with groups={groups}"
            f" takes {in_channels}"
        )
    if out_channels % groups:
        raise ShapeError(f"the weight's {out_channels} output channels do not divide into groups={groups}")
    sizes = [
        window_count(size, weight[2 + i], attributes["stride"][i], attributes["padding"][i], attributes["dilation"][i])
        for i, size in enumerate(spatial)
    ]
    _per_channel(constants, out_channels)
    return _with_residual(inputs, (x[0], out_channels, *sizes))


def conv_transpose(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
    x, weight, groups = inputs[0], constants["weight"], attributes["groups"]
    stride, dilation, extra = (attributes[key] for key in ("stride", "dilation", "output_padding"))
    spatial = _spatial(x, attributes, ("stride", "dilation", "padding", "output_padding"))
    if len(weight) != len(x):
        raise ShapeError(f"the weight has shape {list(weight)}; {len(x)} axes are needed for an input of {list(x)}")
    if x[1] != weight[0] or x[1] % groups:
        raise ShapeError(
            f"the input has {x[1]} channels (axis 1 of {list(x)}); the weight {list(weight)} takes {weight[0]}"
            f" (axis 0), which must divide into groups={groups}"
        )
    if prod(stride) > MAX_PHASES:
        raise ShapeError(f"the product of the strides {list(stride)} is {prod(stride)}; {MAX_PHASES} is the most")
    for i, more in enumerate(extra):
        if more >= max(stride[i], dilation[i]):
            raise ShapeError(f"output_padding[{i}] is {more}; it must be less than the axis's stride or dilation")
    sizes = [
        (n - 1) * stride[i] - sum(attributes["padding"][i]) + dilation[i] * (weight[2 + i] - 1) + extra[i] + 1
        for i, n in enumerate(spatial)
    ]
    if min(sizes) < 1:
        raise ShapeError(f"padding {list(attributes['padding'])} leaves nothing of the output, whose sizes are {sizes}")
    _per_channel(constants, weight[1] * groups)
    return (x[0], weight[1] * groups, *sizes)


def linear(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
    x, weight = inputs[0], constants["weight"]
    if not x or x[-1] != weight[1]:
        raise ShapeError(f"the input's shape is {list(x)}; the weight {list(weight)} takes [..., {weight[1]}]")
    _per_channel(constants, weight[0])
    return _with_residual(inputs, (*x[:-1], weight[0]))


def pool(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
    x, kernel = inputs[0], attributes["kernel"]
    spatial = _spatial(x, attributes, tuple(k for k in ("kernel", "stride", "padding", "dilation") if k in attributes))
    dilation = attributes.get("dilation", (1,) * len(spatial))
    for i, padding in enumerate(attributes["padding"]):
        width = dilation[i] * (kernel[i] - 1) + 1
        if max(padding) >= width:
            raise ShapeError(f"padding[{i}] is {list(padding)}; it must be less than the window's {width} elements")
    _bounded_window(kernel)
    return (*x[:2], *(
        window_count(size, kernel[i], attributes["stride"][i], attributes["padding"][i], dilation[i],
                     attributes["ceil_mode"])
        for i, size in enumerate(spatial)
    ))  # fmt: skip


def adaptive_pool(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
    x, output = inputs[0], attributes["output_size"]
    spatial = _spatial(x, attributes, ("output_size",))
    _bounded_window([-(-n // o) + 1 for n, o in zip(spatial, output, strict=True)])
    return (*x[:2], *output)


def along(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
    axis_of(inputs[0], attributes["axis"])
    return inputs[0]


def reduce(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
    x, axis = inputs[0], axis_of(inputs[0], attributes["axis"])
    return (*x[:axis], *((1,) if attributes["keepdim"] else ()), *x[axis + 1 :])


def table(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
    if constants["table"] != (256,):
        raise ShapeError(f"the table has shape {list(constants['table'])}, [256] is needed")
    return inputs[0]


def _spatial(x: Shape, attributes: Mapping[str, Any], keys: Sequence[str]) -> Shape:
    if len(x) not in (3, 4, 5):
        raise ShapeError(f"the input's shape is {list(x)}; [n, c, l], [n, c, h, w] or [n, c, d, h, w] is needed")
    for key in keys:
        if len(attributes[key]) != len(x) - 2:
            raise ShapeError(f"{key} has {len(attributes[key])} entries; {list(x)} has {len(x) - 2} spatial axes")
    return x[2:]


def axis_of(x: Shape, axis: int) -> int:
    """Return `axis`, once it is one of the axes of x."""
    if axis >= len(x):
        raise ShapeError(f"axis is {axis}; {list(x)} has the axes 0 to {len(x) - 1}")
    return axis


def _bounded_window(kernel: Sequence[int]) -> None:
    if prod(kernel) > MAX_WINDOW:
        raise ShapeError(f"a window of {list(kernel)} has {prod(kernel)} elements; {MAX_WINDOW} is the most")


def _per_channel(constants: Mapping[str, Shape], channels: int) -> None:
    for role, shape in constants.items():
        if role != "weight" and shape != (channels,):
            raise ShapeError(f"{role} has shape {list(shape)}; the weight has {channels} output channels: [{channels}]")


def _with_residual(inputs: Sequence[Shape], output: Shape) -> Shape:
    if len(inputs) > 1 and inputs[1] != output:
        raise ShapeError(f"the residual has shape {list(inputs[1])}, the output has {list(output)}")
    return output
