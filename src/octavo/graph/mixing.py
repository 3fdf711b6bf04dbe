"""What nodes compute that mix the elements of sequences, and what makes their masks, in PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor

from octavo.graph.ir import Node

_REDUCE = {"sum": torch.sum, "mean": torch.mean, "max": torch.amax, "min": torch.amin}
_BINARY = {"sub": torch.sub, "div": torch.div, "maximum": torch.maximum, "minimum": torch.minimum}


def attention(node: Node, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    """Compute scaled dot-product attention.

    Args:
        node: its attributes tell `heads`, `kv_heads`, `scale` and `causal`.
        q, k, v: [n, t, heads·d], [n, s, kv_heads·d], [n, s, kv_heads·e].
        mask: [n or 1, heads or 1, t or 1, s], added to the scores.

    Returns: [n, t, heads·e]; 0 for a query that sees no key.
    """
    a = node.attributes
    heads, kv_heads = a["heads"], a["kv_heads"]
    q, k, v = (x.unflatten(2, (n, -1)).transpose(1, 2) for x, n in ((q, heads), (k, kv_heads), (v, kv_heads)))
    k, v = (x.repeat_interleave(heads // kv_heads, 1) for x in (k, v))
    scores = q @ k.transpose(2, 3) * a["scale"]
    if mask is not None:
        scores = scores + mask
    if a["causal"]:
        future = torch.ones(scores.shape[2:], dtype=torch.bool, device=scores.device).triu(1)
        scores = scores.masked_fill(future, -torch.inf)
    sees_nothing = (scores == -torch.inf).all(3, keepdim=True)
    return (torch.softmax(scores, 3).masked_fill(sees_nothing, 0.0) @ v).transpose(1, 2).flatten(2)


def matmul(node: Node, a: Tensor, b: Tensor) -> Tensor:
    """Compute the product of two batches of matrices."""
    return a @ (b.transpose(-2, -1) if node.attributes["transpose_b"] else b)


def reduce(node: Node, x: Tensor) -> Tensor:
    """Compute the sum, mean, max or min along an axis."""
    a = node.attributes
    return _REDUCE[a["function"]](x, a["axis"], keepdim=a["keepdim"])


def binary(node: Node, a: Tensor, b: Tensor) -> Tensor:
    """Compute a difference or quotient, or the larger or smaller of two."""
    return _BINARY[node.attributes["function"]](a, b)


def cast(node: Node, x: Tensor) -> Tensor:
    """Compute an integer as float32, or whether it is not 0."""
    return x.float() if node.attributes["function"] == "value" else (x != 0).float()


def range_of(node: Node, x: Tensor) -> Tensor:
    """Count from `start` by `step` along an axis of x: [n] int64."""
    a = node.attributes
    return a["start"] + a["step"] * torch.arange(x.shape[a["axis"]], device=x.device)
