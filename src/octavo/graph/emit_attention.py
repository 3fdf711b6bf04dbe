"""Attention in float32, as operators of a program."""

from __future__ import annotations

from typing import Any

import numpy as np

from octavo.graph.emitter import Emitter
from octavo.graph.ir import Node
from octavo.program import Value

_FLOAT = Value("float32")
_INDEX = Value("int64")


def emit_attention(emitter: Emitter, node: Node, inputs: tuple[str, ...], output: str) -> None:
    """Append `softmax(q · kᵀ · scale + mask) · v` for each head, as products of float32 matrices.

    Args:
        emitter: the program.
        node: an `attention`.
        inputs: names of q, k, v and, where there is one, the mask.
        output: name of the result.
    """
    write = _Writer(emitter, node, output)
    a = node.attributes
    heads, kv_heads = a["heads"], a["kv_heads"]
    query, key, value, *mask = inputs
    q, repeat = write.heads("q", query, heads, 1), heads // kv_heads
    k, v = write.heads("k", key, kv_heads, repeat), write.heads("v", value, kv_heads, repeat)
    scores = write("matmul", "scores", (q, k), {"transpose_b": True})
    scores = write("mul", "scaled", (scores, write.constant("scale", [a["scale"]])))
    for term in mask:
        scores = write("add", "masked", (scores, term))
    if a["causal"]:
        scores = write("add", "causal", (scores, write.future(query, key)))
    seen = write("softmax", "softmax", (scores,), {"axis": 3})
    mixed = write("matmul", "mixed", (seen, v), {"transpose_b": False})
    turned = write("permute", "turned", (mixed,), {"dims": [0, 2, 1, 3]})
    n, t, width = node.shape
    emitter.emit("reshape", node.name, (turned,), output, _FLOAT, {"shape": write.target(n, t, width)})


class _Writer:
    """Append operators that are named after a node."""

    def __init__(self, emitter: Emitter, node: Node, output: str) -> None:
        self._emitter, self._node, self._output = emitter, node, output

    def __call__(
        self, operator: str, part: str, inputs: tuple[str, ...], attributes: Any = None, value: Value = _FLOAT,
        constants: Any = None,
    ) -> str:  # fmt: skip
        name = f"{self._node.name}.{part}"
        return self._emitter.emit(operator, name, inputs, f"{self._output}.{part}", value, attributes, constants)

    def constant(self, part: str, numbers: list[float]) -> str:
        """Append a constant of one axis."""
        return self("constant", part, (), constants={"value": np.array(numbers, np.float32)})

    def heads(self, role: str, value: str, heads: int, repeat: int) -> str:
        """Bring [n, t, heads · d] to [n, heads · repeat, t, d]."""
        n, t, width = self._emitter.shape(self._node.inputs["qkv".index(role)])
        depth = int(width) // heads
        apart = self("reshape", f"{role}.apart", (value,), {"shape": self.target(n, t, heads, depth)})
        turned = self("permute", f"{role}.turned", (apart,), {"dims": [0, 2, 1, 3]})
        if repeat == 1:
            return turned
        raised = self("reshape", f"{role}.raised", (turned,), {"shape": self.target(n, heads, 1, t, depth)})
        wide = self("concat", f"{role}.repeat", (raised,) * repeat, {"axis": 2})
        return self("reshape", f"{role}.heads", (wide,), {"shape": self.target(n, heads * repeat, t, depth)})

    def future(self, q: str, k: str) -> str:
        """Append what hides the keys after each query: [t, s], log(clamp(1 + query − key, 0, 1)), 0 or −∞."""
        counts = []
        for role, value, start, step, shape in (("query", q, 1, 1, [-1, 1]), ("key", k, 0, -1, [1, -1])):
            numbers = self("range", f"{role}.range", (value,), {"axis": 1, "start": start, "step": step}, _INDEX)
            real = self("cast", f"{role}.cast", (numbers,), {"function": "value"})
            counts.append(self("reshape", f"{role}.counted", (real,), {"shape": shape}))
        ahead = self("add", "ahead", (counts[0], counts[1]))
        side = self("clamp", "side", (ahead,), {"min": 0.0, "max": 1.0})
        return self("unary", "future", (side,), {"function": "log"})

    def target(self, *dims: Any) -> list[Any]:
        """Return what a reshape is given for a shape."""
        return self._emitter.target(self._node, dims)
