"""Shapes that broadcast, and elements that are repeated for what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from octavo.graph.ir import Dim, Shape
from octavo.graph.lowering.registry import Unsupported, Value

if TYPE_CHECKING:
    from octavo.graph.lowering.builder import Builder


def broadcast_shapes(*shapes: Shape) -> Shape | None:
    """Return the shape that shapes broadcast to; None where they do not for every size."""
    rank = max(map(len, shapes))
    sizes = []
    for column in zip(*((1,) * (rank - len(shape)) + shape for shape in shapes), strict=True):
        wide = {size for size in column if size != 1}
        if len(wide) > 1:
            return None
        sizes.append(wide.pop() if wide else 1)
    return tuple(sizes)


def repeat(b: Builder, x: Value) -> Value:
    """Repeat the elements of a value as `expand` has wished."""
    wanted = x.expanded or ()
    own = b.own_shape(x)
    y = b.reshape(Value(x.name), (*[1] * (len(wanted) - len(own)), *own), ".wide")
    for axis, size in enumerate(wanted):
        shape = b.own_shape(y)
        if shape[axis] == size:
            continue
        repeated = (*shape[:axis], size, *shape[axis + 1 :])
        if isinstance(size, int):
            y = b.emit("concat", (y,) * size, repeated, {"axis": axis}, suffix=".repeat")
        elif y.name in b.fixed:
            raise Unsupported("it repeats integers a symbolic number of times", "fix the size with dynamic_shapes")
        else:
            y = b.emit("mul", (y, _ones(b, size, len(wanted) - axis)), repeated, suffix=".repeat")
    return y


def _ones(b: Builder, size: Dim, rank: int) -> Value:
    """Return ones `[size, 1, …]`."""

    def make() -> Value:
        numbers = b.integers(size, 1, 0)
        ones = b.emit("cast", (numbers,), (size,), {"function": "value"}, suffix=".ones")
        return b.reshape(ones, (size, *[1] * (rank - 1)), ".ones")

    return b.once(("ones", str(size), str(rank)), make)
