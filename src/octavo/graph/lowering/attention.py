"""Products of two values, and scaled dot-product attention."""

from __future__ import annotations

from typing import Any

import torch

from octavo.graph.ir import Shape
from octavo.graph.lowering.builder import Builder
from octavo.graph.lowering.choice import additive
from octavo.graph.lowering.operands import Both, is_uniform, value_of
from octavo.graph.lowering.patterns import Split
from octavo.graph.lowering.registry import Unsupported, Value, lowers
from octavo.graph.lowering.repeat import broadcast_shapes


def product(b: Builder, x: Any, other: Any) -> Value:
    """Append the matrix product of two values, or of a value and a constant of more than two axes."""
    x, other = value_of(b, x), value_of(b, other)
    if min(len(b.shape(x)), len(b.shape(other))) < 2:
        raise Unsupported("it multiplies by a vector", "give the vector a second axis (unsqueeze)")
    turned = b.maker(other, "permute") if other.expanded is None else None
    rank = len(b.shape(other))
    transposed = turned is not None and turned.attributes["dims"] == [*range(rank - 2), rank - 1, rank - 2]
    if turned is not None and transposed:
        other = Value(turned.inputs[0])
    if broadcast_shapes(b.shape(x)[:-2], b.shape(other)[:-2]) != b.result_shape()[:-2]:
        raise Unsupported(f"the shapes {list(b.shape(x))} and {list(b.shape(other))} do not multiply for every size")
    return b.emit("matmul", (x, other), None, {"transpose_b": transposed})


@lowers("scaled_dot_product_attention", any_dtype=True, patterns=True)
def attention(
    b: Builder, q: Value, k: Value, v: Value, mask: Any = None, dropout: float = 0.0, causal: bool = False, *,
    scale: float | None = None, enable_gqa: bool = False,
) -> Value:  # fmt: skip
    """Lower `softmax(q · kᵀ · scale + mask) · v` for each head; keys and values that heads share are not repeated."""
    if dropout > 0:
        raise Unsupported("it drops at random even in evaluation mode", "pass dropout_p=0.0 in evaluation mode")
    shared = [_before_repeat(b, x) for x in (k, v)]
    if None not in shared and b.shape(shared[0])[1] == b.shape(shared[1])[1]:  # type: ignore[arg-type]
        (k, v), enable_gqa = shared, True  # type: ignore[assignment]
    shapes = [b.shape(x) for x in (q, k, v)]
    rank = len(shapes[0])
    if rank not in (3, 4) or any(len(shape) != rank for shape in shapes):
        raise Unsupported(f"its query has the shape {list(shapes[0])}", "give it [batch, heads, length, size]")
    heads, kv_heads = (1, 1) if rank == 3 else (shapes[0][1], shapes[1][1])
    depth = shapes[0][-1]
    if not all(isinstance(n, int) for n in (heads, kv_heads, depth)):
        raise Unsupported("its heads have a symbolic number or size", "fix them with dynamic_shapes")
    batch, theirs = shapes[0][: rank - 2], shapes[1][: rank - 2]
    grouped = enable_gqa and rank == 4 and batch[0] == theirs[0] and int(heads) % int(kv_heads) == 0
    if (batch != theirs and not grouped) or theirs != shapes[2][: rank - 2]:
        raise Unsupported(f"its key has the shape {list(shapes[1])}", "give query, key and value one batch and heads")
    mask, hides = _mask(b, mask)
    attributes = {
        "heads": heads,
        "kv_heads": kv_heads,
        "scale": float(scale) if scale is not None else float(int(depth) ** -0.5),
        "causal": bool(causal) or hides,
    }
    if attributes["scale"] <= 0:
        raise Unsupported(f"its scale is {scale}", "use a scale above 0")
    read = [_joined(b, x, f".{role}") for x, role in ((q, "q"), (k, "k"), (v, "v"))]
    if mask is not None:
        read.append(_four_axes(b, mask, shapes[1][-2]))
    width = int(heads) * int(shapes[2][-1])
    y = b.emit("attention", tuple(read), (shapes[0][0], shapes[0][-2], width), attributes)
    return _apart(b, y, b.result_shape())


def _mask(b: Builder, mask: Any) -> tuple[Value | None, bool]:
    """Return what is added to the scores, and whether the future is hidden besides."""
    if mask is None or (is_uniform(mask) and mask.uniform in (0.0, True) and mask.uniform is not False):
        return None, False
    if isinstance(mask, Split) and mask.hides_the_future():
        return None, True
    if isinstance(mask, Both) and mask.pattern.hides_the_future():
        return additive(b, mask.value), True
    value = value_of(b, mask)
    return (additive(b, value) if _is_boolean(b, mask) else value), False


def _is_boolean(b: Builder, mask: Any) -> bool:
    if isinstance(mask, Split):
        return mask.numbers.dtype == torch.bool
    if isinstance(mask, torch.Tensor):
        return mask.dtype == torch.bool
    given = b.current.kwargs.get("attn_mask") or b.current.args[3]
    return isinstance(mask, Both) or given.meta["val"].dtype == torch.bool  # type: ignore[union-attr]


def _four_axes(b: Builder, mask: Value, length: Any) -> Value:
    """Give a mask 4 axes; it must tell each key apart, and may broadcast along the others."""
    own = b.own_shape(mask)
    if own[-1] != length:
        mask = b.dense(mask)
        own = b.own_shape(mask)
    if len(own) == 3 and len(b.result_shape()) == 3:
        own = (own[0], 1, *own[1:])
    return b.reshape(Value(mask.name), (*[1] * (4 - len(own)), *own), ".mask")


def _joined(b: Builder, x: Value, suffix: str) -> Value:
    """Bring [n, h, t, d] to [n, t, h·d]."""
    shape = b.shape(x)
    if len(shape) == 3:
        return x
    n, heads, length, depth = shape
    turned = b.emit("permute", (x,), (n, length, heads, depth), {"dims": [0, 2, 1, 3]}, suffix=f"{suffix}.permute")
    return b.reshape(turned, (n, length, int(heads) * int(depth)), suffix)


def _apart(b: Builder, x: Value, shape: Shape) -> Value:
    """Bring [n, t, h·d] to [n, h, t, d]."""
    if len(shape) == 3:
        return x
    n, heads, length, depth = shape
    y = b.reshape(x, (n, length, heads, depth), ".heads")
    return b.emit("permute", (y,), shape, {"dims": [0, 2, 1, 3]}, suffix=".permute")


def _before_repeat(b: Builder, x: Value) -> Value | None:
    """Return keys or values [n, g, t, d] before each of their heads was repeated; None where none was."""
    joined = b.maker(x, "reshape")
    repeated = None if joined is None else b.maker(Value(joined.inputs[0]), "concat")
    if repeated is None or repeated.attributes["axis"] != 2 or len(set(repeated.inputs)) > 1:
        return None
    source = Value(repeated.inputs[0])
    n, g, *rest = b.shape(source)
    if len(rest) != 3 or rest[0] != 1 or not isinstance(g, int):
        return None
    if b.shape(x) != (n, g * len(repeated.inputs), *rest[1:]):
        return None
    return b.reshape(source, (n, g, *rest[1:]), ".shared")
