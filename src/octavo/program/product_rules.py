"""The shapes of products of two values, and how deep their sums may be: as `octavo.program.shape_rules`.

A limit rule takes the input shapes, the attributes and the inputs' dtypes, and raises `ShapeError` where a sum could
leave int32. It stands apart from the shape rule because the limit depends on the form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from octavo.program.errors import ShapeError
from octavo.program.shape_rules import broadcast
from octavo.program.types import Shape

INT32 = 2**31 - 1
MAX_DYNAMIC_DEPTH = INT32 // (255 * 127)  # products of a uint8 less its zero_point by an int8 in [-127, 127]
MAX_STATIC_DEPTH = INT32 // (255 * 255)  # products of two 8-bit integers, each less its zero_point

LimitRule = Callable[[Sequence[Shape], Mapping[str, Any], Sequence[str]], None]


def matmul(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
    a, b = inputs
    wanted = "[..., n, k]" if attributes["transpose_b"] else "[..., k, n]"
    if len(a) < 2 or len(b) < 2:
        raise ShapeError(f"the inputs' shapes are {list(a)} and {list(b)}; [..., m, k] and {wanted} are needed")
    n, k = b[-2:] if attributes["transpose_b"] else (b[-1], b[-2])
    if a[-1] != k:
        raise ShapeError(
            f"a {list(a)} has k = {a[-1]} (its last axis) and b {list(b)} has k = {k}; a is [..., m, k], b {wanted}"
        )
    return (*broadcast((a[:-2], b[:-2]), attributes, constants), a[-2], n)


def attention(inputs: Sequence[Shape], attributes: Mapping[str, Any], constants: Mapping[str, Shape]) -> Shape:
    q, k, v = inputs[:3]
    heads, kv_heads = attributes["heads"], attributes["kv_heads"]
    for name, shape in zip(("q", "k", "v"), (q, k, v), strict=True):
        if len(shape) != 3:
            raise ShapeError(f"{name} has shape {list(shape)}; [n, tokens, heads · size] is needed")
    if heads % kv_heads:
        raise ShapeError(f"heads={heads} do not divide into kv_heads={kv_heads}")
    for name, shape, count, what in (
        ("q", q, heads, "heads"), ("k", k, kv_heads, "kv_heads"), ("v", v, kv_heads, "kv_heads"),
    ):  # fmt: skip
        if shape[2] % count:
            raise ShapeError(f"the last axis of {name} {list(shape)} does not divide into {what}={count}")
    n, t, d = q[0], q[1], q[2] // heads
    if k[0] != n or k[2] != kv_heads * d:
        raise ShapeError(
            f"k has shape {list(k)}; q {list(q)} with heads={heads} and kv_heads={kv_heads} needs"
            f" [{n}, s, {kv_heads * d}]"
        )
    if v[:2] != k[:2]:
        raise ShapeError(f"v has shape {list(v)}; k {list(k)} needs [{n}, {k[1]}, kv_heads · size]")
    for mask in inputs[3:]:
        wanted = (n, heads, t, k[1])
        fits = len(mask) == 4 and all(got in (1, size) for got, size in zip(mask[:3], wanted, strict=False))
        if not fits or mask[3] != k[1]:
            raise ShapeError(
                f"the mask has shape {list(mask)}; [{n} or 1, {heads} or 1, {t} or 1, {k[1]}] (batch, heads, queries,"
                " keys) is needed"
            )
    return (n, t, heads * (v[2] // kv_heads))


def dynamic_matmul_limit(inputs: Sequence[Shape], attributes: Mapping[str, Any], dtypes: Sequence[str]) -> None:
    _limit("k", inputs[0][-1], MAX_DYNAMIC_DEPTH)


def matmul_limit(inputs: Sequence[Shape], attributes: Mapping[str, Any], dtypes: Sequence[str]) -> None:
    if dtypes[0] != "float32":
        _limit("k", inputs[0][-1], MAX_STATIC_DEPTH)


def dynamic_attention_limit(inputs: Sequence[Shape], attributes: Mapping[str, Any], dtypes: Sequence[str]) -> None:
    _limit_attention(inputs, attributes, MAX_DYNAMIC_DEPTH)


def attention_limit(inputs: Sequence[Shape], attributes: Mapping[str, Any], dtypes: Sequence[str]) -> None:
    _limit_attention(inputs, attributes, MAX_STATIC_DEPTH)


def _limit_attention(inputs: Sequence[Shape], attributes: Mapping[str, Any], most: int) -> None:
    _limit("the size of a head of q", inputs[0][2] // attributes["heads"], most)
    _limit("the number of keys", inputs[1][1], most)


def _limit(what: str, depth: int, most: int) -> None:
    if depth > most:
        raise ShapeError(f"{what} is {depth}; {most} is the most whose sum stays in int32; keep it in float")
