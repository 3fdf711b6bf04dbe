"""Scaled dot-product attention whose two products are integer sums."""

from __future__ import annotations

import numpy as np

from octavo.program import float_math
from octavo.program.reference.call import Call
from octavo.program.reference.dynamic import quantize_rows, quantize_rows_symmetric
from octavo.program.reference.matmul import ZERO, exact_product
from octavo.program.reference.requantize import multiplier, output_scale, requantize

LOWEST = np.finfo(np.float32).min


def dynamic_attention(call: Call) -> np.ndarray:
    """Quantize rows of q and k and columns of v as they arrive, and attend; float32 in and out."""
    q, k, v = _heads(call, call.inputs[:3])
    rows = quantize_rows(q.reshape(-1, q.shape[-1]))
    keys = quantize_rows_symmetric(k.reshape(-1, k.shape[-1]))
    columns = quantize_rows_symmetric(v.swapaxes(-1, -2).reshape(-1, v.shape[-2]))
    centered = (rows.q.astype(np.int32) - rows.zero_point).reshape(q.shape)
    scale = rows.scale.reshape(*q.shape[:-1], 1) * (
        (keys.scale * np.float32(call.attributes["scale"])).reshape(*k.shape[:-2], 1, k.shape[-2])
    )
    logits = exact_product(centered, keys.q.reshape(k.shape).swapaxes(-1, -2)) * scale
    p, r = weights(logits, call)
    transposed = columns.q.reshape(*v.shape[:-2], v.shape[-1], v.shape[-2])
    y = exact_product(p, transposed.swapaxes(-1, -2)) * (r * columns.scale.reshape(*v.shape[:-2], 1, v.shape[-1]))
    return _side_by_side(y + ZERO)


def attention(call: Call) -> np.ndarray:
    """Attend to quantized q, k and v; y is requantized."""
    q, k, v = _heads(call, [call.centered(i) for i in range(3)])
    scale = multiplier(call.scale(0) * call.scale(1) * float(np.float32(call.attributes["scale"])), 1.0)
    p, r = weights(exact_product(q, k.swapaxes(-1, -2)) * scale, call)
    y = exact_product(p, v) * (r * multiplier(call.scale(2), output_scale(call)))
    return requantize(_side_by_side(np.where(np.isnan(y), np.float32(-np.inf), y)), call)


def weights(logits: np.ndarray, call: Call) -> tuple[np.ndarray, np.ndarray]:
    """Return integers in proportion to the softmax of each row, and what a sum of their products is divided by.

    `p_j = rne(2^max((logit_j − top) · log2 e, −20) · 255)`, `top = max(lowest finite float, max logit)`, `r = 1 / Σ p`;
    r is 0 where all p are, and NaN where a logit is NaN or +infinity.

    Args:
        logits: [n, h, t, s] float32, before the mask.

    Returns:
        p [n, h, t, s] uint8 and r [n, h, t, 1] float32.
    """
    if len(call.inputs) > 3:
        logits = logits + call.inputs[3]
    if call.attributes["causal"]:
        t, s = logits.shape[-2:]
        logits = np.where(np.arange(s) > np.arange(t)[:, None], np.float32(-np.inf), logits)
    top = np.maximum(logits.max(axis=-1, keepdims=True), LOWEST)  # NaN where the row holds NaN
    known = np.isfinite(top)
    exponent = np.maximum(np.where(known, logits - top, LOWEST) * float_math.LOG2_E, np.float32(-20))
    p = np.rint(float_math.exp2(exponent) * np.float32(255)).astype(np.uint8)
    total = p.sum(axis=-1, keepdims=True, dtype=np.int64).astype(np.float32)
    r = np.where(total > 0, np.float32(1) / total, np.float32(0))
    return p, np.where(known, r, np.float32(np.nan))


def _heads(call: Call, arrays: tuple[np.ndarray, ...] | list[np.ndarray]) -> list[np.ndarray]:
    """Return q, k and v as [n, heads, tokens, size], a head of k and v once for each head of q that reads it."""
    heads, kv_heads = call.attributes["heads"], call.attributes["kv_heads"]
    parted = [
        x.reshape(*x.shape[:2], count, -1).transpose(0, 2, 1, 3)
        for x, count in zip(arrays, (heads, kv_heads, kv_heads), strict=True)
    ]
    return [np.repeat(x, heads // x.shape[1], axis=1) for x in parted]


def _side_by_side(y: np.ndarray) -> np.ndarray:
    """Return [n, h, t, e] as [n, t, h·e]."""
    n, heads, tokens, size = y.shape
    return y.transpose(0, 2, 1, 3).reshape(n, tokens, heads * size)
