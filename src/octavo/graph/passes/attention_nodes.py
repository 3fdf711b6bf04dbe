"""The nodes of an attention that is put in the place of others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from octavo.graph.ir import Node, Shape
from octavo.graph.symbols import reshape_target


class AttentionNodes:
    """Collect nodes; the last of them makes what a product made, under its name.

    Args:
        mixed: the product of weights and values, whose place is taken.
        fused: names of the layers whose place is taken as well.
        shapes: of all values; those of the new ones are added.
    """

    def __init__(self, mixed: Node, fused: tuple[str, ...], shapes: dict[str, Shape]) -> None:
        self._mixed, self._fused, self._shapes = mixed, fused, shapes
        self._nodes: list[Node] = []
        self._possible = True

    def shape(self, value: str) -> Shape:
        """Return the shape of a value."""
        return self._shapes[value]

    def turned(self, value: str) -> str:
        """Exchange the last two axes."""
        rank = len(self.shape(value))
        return self._permute(value, [*range(rank - 2), rank - 1, rank - 2])

    def reshape(self, value: str, shape: Shape) -> str:
        """Reshape a value."""
        if self.shape(value) == shape:
            return value
        target = reshape_target(shape)
        self._possible = self._possible and target is not None
        return self._append("reshape", (value,), shape, {"shape": target or []})

    def four_axes(self, term: str, full: Shape) -> str | None:
        """Give what broadcasts to the scores 4 axes; None where it does not tell each key apart.

        Args:
            term: a mask, or a term.
            full: shape of the scores, [n, heads, t, s] or [n, t, s].
        """
        shape = self.shape(term)
        if len(full) == 4 and len(shape) == 3 and shape[0] != 1:
            n, heads = full[:2]
            joined = f"{heads}*{n}" if isinstance(n, str) else n * int(heads)
            shape = (n, heads, *shape[1:]) if shape[0] == joined else shape
        shape = (*[1] * (len(full) - len(shape)), *shape)
        if len(shape) != len(full) or any(dim not in (1, wanted) for dim, wanted in zip(shape, full, strict=True)):
            return None
        if shape[-1] != full[-1]:
            return None
        return self.reshape(term, shape if len(full) == 4 else (shape[0], 1, *shape[1:]))

    def hiding(self, condition: str, inside: bool, number: float) -> str:
        """Append a term that is 0 where the scores count, and a number where not.

        Args:
            condition: 0 or not.
            inside: whether the scores count where it is not 0.
            number: what hides the others.
        """
        zero, low = (self._append("constant", (), (1,), {}, torch.tensor([n])) for n in (0.0, number))
        read = (condition, zero, low) if inside else (condition, low, zero)
        return self._append("where", read, self.shape(condition))

    def total(self, terms: Sequence[str]) -> str | None:
        """Append the sum of what is added to the scores; None where nothing is."""
        if not terms:
            return None
        total = terms[0]
        for term in terms[1:]:
            pairs = zip(self.shape(total), self.shape(term), strict=True)
            total = self._append("add", (total, term), tuple(b if a == 1 else a for a, b in pairs))
        return total

    def attention(self, qkv: tuple[str, str, str], mask: str | None, scale: float) -> list[Node] | None:
        """Append the attention and return all nodes; None where one of their shapes cannot be written.

        Args:
            qkv: queries, keys and values, [n, heads, t, d] or [n, t, d].
            mask: of 4 axes, is added to the scores.
            scale: of the scores.
        """
        q, _, v = (self.shape(value) for value in qkv)
        n, t, size = q[0], q[-2], int(v[-1])
        heads = int(q[1]) if len(q) == 4 else 1
        read = (*(self._joined(value) for value in qkv), *([] if mask is None else [mask]))
        attributes = {"heads": heads, "kv_heads": heads, "scale": scale, "causal": False}
        y = self._append("attention", read, (n, t, heads * size), attributes)
        if len(q) == 4:
            y = self._permute(self.reshape(y, (n, t, heads, size)), [0, 2, 1, 3])
        self.reshape(y, self._mixed.shape)
        if not self._possible:
            return None
        return [*self._nodes[:-1], self._renamed(self._nodes[-1])]

    def _joined(self, value: str) -> str:
        """Bring [n, heads, t, d] to [n, t, heads · d]."""
        shape = self.shape(value)
        if len(shape) == 3:
            return value
        n, heads, t, size = shape
        return self.reshape(self._permute(value, [0, 2, 1, 3]), (n, t, int(heads) * int(size)))

    def _permute(self, value: str, dims: list[int]) -> str:
        shape = self.shape(value)
        return self._append("permute", (value,), tuple(shape[axis] for axis in dims), {"dims": dims})

    def _append(
        self, kind: str, inputs: tuple[str, ...], shape: Shape, attributes: Any = None, held: torch.Tensor | None = None
    ) -> str:
        mixed, role = self._mixed, f"{kind}_{len(self._nodes)}"
        output, name = f"{mixed.output}.{role}", f"{mixed.name}.{role}"
        if kind == "attention":
            name = mixed.name
        constants = {} if held is None else {"value": held}
        fused = self._fused if kind == "attention" else ()
        self._shapes[output] = shape
        self._nodes.append(
            Node(kind, name, inputs, output, shape, attributes or {}, constants, fused, mixed.module, mixed.path)
        )
        return output

    def _renamed(self, last: Node) -> Node:
        return Node(
            last.type, last.name, last.inputs, self._mixed.output, last.shape, last.attributes, last.constants,
            last.fused, last.module, last.path,
        )  # fmt: skip
