"""The same meaning a second time, in plain loops over single elements: what the reference is compared with."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from octavo.program import Program, Value

f32 = np.float32


def finish(real: np.float32, output: Value, attributes: dict[str, Any]) -> int:
    """Round half to even, add the zero_point, saturate."""
    limits = np.iinfo(output.dtype)
    low, high = attributes.get("clamp_min", limits.min), attributes.get("clamp_max", limits.max)
    return min(max(round(float(real)) + output.zero_point, low), high)


def windows(size: int, kernel: int, stride: int, before: int, after: int, dilation: int, ceil_mode: bool) -> int:
    """Count windows by placing one after the other."""
    extent, total = dilation * (kernel - 1) + 1, size + before + after
    count = 1
    while count * stride + extent <= total or (
        ceil_mode and (count - 1) * stride + extent < total and count * stride < size + before
    ):
        count += 1
    return count


def conv(program: Program, inputs: list[np.ndarray]) -> np.ndarray:
    """Run a program of one convolution."""
    operator = program.operators[0]
    attributes = operator.attributes
    constants = {role: program.constants[name] for role, name in operator.constants.items()}
    weight, bias, (x, *rest) = constants["weight"], constants["bias"], inputs
    given, made = program.values["x0"], program.values["y"]
    kernel = weight.shape[2:]
    sizes = [
        windows(n, k, s, *p, d, False)
        for n, k, s, p, d in zip(
            x.shape[2:], kernel, attributes["stride"], attributes["padding"], attributes["dilation"], strict=True
        )
    ]
    y = np.zeros((x.shape[0], weight.shape[0], *sizes), made.dtype)
    for n, o, *position in np.ndindex(*y.shape):
        real = given.dtype == "float32"
        acc = f32(0) if real else int(bias[o])
        first = o // (weight.shape[0] // attributes["groups"]) * weight.shape[1]
        for *tap, c in product(*map(range, kernel), range(weight.shape[1])):
            at = [
                i * s - p[0] + t * d
                for i, s, p, t, d in zip(
                    position, attributes["stride"], attributes["padding"], tap, attributes["dilation"], strict=True
                )
            ]
            if all(0 <= i < size for i, size in zip(at, x.shape[2:], strict=True)):
                element, w = x[(n, first + c, *at)], weight[(o, c, *tap)]
                acc = acc + element * w if real else acc + (int(element) - given.zero_point) * int(w)
        if real:
            y[(n, o, *position)] = acc + bias[o]
            continue
        product_of_scales = given.scale * float(constants["weight_scale"][o])
        if made.dtype == "float32":
            y[(n, o, *position)] = f32(acc) * f32(product_of_scales)
            continue
        value = f32(acc) * f32(product_of_scales / made.scale)
        if rest:
            r = program.values["x1"]
            value = value + f32(int(rest[0][(n, o, *position)]) - r.zero_point) * f32(r.scale / made.scale)
        y[(n, o, *position)] = finish(value, made, attributes)
    return y


def conv_transpose(program: Program, inputs: list[np.ndarray]) -> np.ndarray:
    """Run a program of one transposed convolution: each element of x adds its products to the outputs it reaches."""
    operator, (x,) = program.operators[0], inputs
    attributes = operator.attributes
    constants = {role: program.constants[name] for role, name in operator.constants.items()}
    weight, bias, groups = constants["weight"], constants["bias"], attributes["groups"]
    given, made = program.values["x0"], program.values["y"]
    stride, dilation, padding = (attributes[key] for key in ("stride", "dilation", "padding"))
    sizes = [
        (n - 1) * stride[i] - sum(padding[i]) + dilation[i] * (weight.shape[2 + i] - 1)
        + attributes["output_padding"][i] + 1
        for i, n in enumerate(x.shape[2:])
    ]  # fmt: skip
    oc = weight.shape[1] * groups
    real = given.dtype == "float32"
    acc = np.zeros((x.shape[0], oc, *sizes), np.float32 if real else np.int64)
    per_group = x.shape[1] // groups
    for n, o in np.ndindex(x.shape[0], oc):
        group = o // weight.shape[1]
        for i in np.ndindex(*x.shape[2:]):
            for c in range(group * per_group, (group + 1) * per_group):
                for t in np.ndindex(*weight.shape[2:]):
                    at = tuple(i[a] * stride[a] + t[a] * dilation[a] - padding[a][0] for a in range(len(i)))
                    if all(0 <= p < size for p, size in zip(at, sizes, strict=True)):
                        element, w = x[(n, c, *i)], weight[(c, o % weight.shape[1], *t)]
                        acc[(n, o, *at)] += element * w if real else (int(element) - given.zero_point) * int(w)
    y = np.zeros(acc.shape, made.dtype)
    for n, o, *p in np.ndindex(*y.shape):
        if real:
            y[(n, o, *p)] = acc[(n, o, *p)] + bias[o]
            continue
        total, scale = f32(acc[(n, o, *p)] + int(bias[o])), given.scale * float(constants["weight_scale"][o])
        if made.dtype == "float32":
            y[(n, o, *p)] = total * f32(scale)
        else:
            y[(n, o, *p)] = finish(total * f32(scale / made.scale), made, attributes)
    return y


def pool(program: Program, inputs: list[np.ndarray]) -> np.ndarray:
    """Run a program of one `max_pool` or `avg_pool`."""
    operator, (x,) = program.operators[0], inputs
    attributes, given, made = operator.attributes, program.values["x0"], program.values["y"]
    axes = len(x.shape) - 2
    dilation = attributes.get("dilation", (1,) * axes)
    kernel, stride, padding = attributes["kernel"], attributes["stride"], attributes["padding"]
    sizes = [
        windows(x.shape[2 + i], kernel[i], stride[i], *padding[i], dilation[i], attributes["ceil_mode"])
        for i in range(axes)
    ]
    y = np.zeros((*x.shape[:2], *sizes), made.dtype)
    for n, c, *position in np.ndindex(*y.shape):
        elements, padded = [], 0
        for tap in np.ndindex(*kernel):
            at = [position[i] * stride[i] - padding[i][0] + tap[i] * dilation[i] for i in range(axes)]
            if all(0 <= at[i] < x.shape[2 + i] for i in range(axes)):
                elements.append(x[(n, c, *at)])
            elif all(-padding[i][0] <= at[i] < x.shape[2 + i] + padding[i][1] for i in range(axes)):
                padded += 1
        if operator.type == "max_pool":
            lowest = -np.inf if made.dtype == "float32" else np.iinfo(made.dtype).min
            y[(n, c, *position)] = max(elements, default=lowest)
            continue
        count = attributes["divisor"] or len(elements) + (padded if attributes["count_include_pad"] else 0)
        y[(n, c, *position)] = average(elements, count, given, made, attributes)
    return y


def average(elements: list[Any], count: int, given: Value, made: Value, attributes: dict[str, Any]) -> Any:
    """Average a window's elements as one output element."""
    if made.dtype == "float32":
        total = f32(0)
        for element in elements:
            total = total + element
        return total / f32(count)
    total = sum(int(element) - given.zero_point for element in elements)
    return finish(f32(total) * f32(given.scale / (made.scale * count)), made, attributes)
