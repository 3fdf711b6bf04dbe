"""Follow functions of positions, element by element, where nothing simpler can be said of their result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import fx
from torch.fx.node import map_aggregate

from octavo.graph.lowering.builder import Builder
from octavo.graph.lowering.patterns import Line, Mapped, Ramp, Split
from octavo.graph.lowering.registry import Unsupported
from octavo.graph.lowering.sizes import fold, is_fill

_PATTERNS = (Ramp, Split, Mapped)
_INTEGERS = (torch.int64, torch.int32)
# Elementwise as well, though PyTorch does not tag them so.
_UNTAGGED = frozenset({"to", "_to_copy", "type_as", "where", "masked_fill"})

Function = Callable[[torch.Tensor], torch.Tensor]


def follow(b: Builder, node: fx.Node, arguments: Sequence[Any], keywords: dict[str, Any]) -> Any:
    """Compute an operator of constants, symbolic sizes and patterns: as a pattern, or as a function of positions.

    Functions that give integers are followed, and what is computed of such; of others the operands become values.

    Raises:
        Unsupported: it is neither.
    """
    leaves = list[Any]()
    map_aggregate((arguments, keywords), leaves.append)
    possible = _is_elementwise(node) and not is_fill(node)
    if possible and any(isinstance(leaf, Mapped) for leaf in leaves):
        made = _mapped(b, node, arguments, keywords, leaves)
        if made is None:
            raise Unsupported("it combines positions with other numbers than one", "fix the size with dynamic_shapes")
        return made
    try:
        return fold(b, node, arguments, keywords)
    except Unsupported:
        whole = possible and node.meta["val"].dtype in _INTEGERS
        made = _mapped(b, node, arguments, keywords, leaves) if whole else None
        if made is None:
            raise
        return made


def _is_elementwise(node: fx.Node) -> bool:
    name = getattr(getattr(node.target, "overloadpacket", None), "__name__", "")
    return name in _UNTAGGED or torch.Tag.pointwise in getattr(node.target, "tags", ())


def _mapped(
    b: Builder, node: fx.Node, arguments: Sequence[Any], keywords: dict[str, Any], leaves: list[Any]
) -> Mapped | None:
    """Return the result as a function of the line that all operands follow; None where they follow several."""
    base = next((leaf.line for leaf in leaves if isinstance(leaf, _PATTERNS) and leaf.line is not None), None)
    if base is None or any(isinstance(leaf, torch.Tensor) and leaf.numel() > 1 for leaf in leaves):
        return None
    shape = b.symbols.shape(node.meta["val"].shape)
    base = Line(base.start, (*[0] * (len(shape) - len(base.steps)), *base.steps))
    functions = [_function(leaf, base) if isinstance(leaf, _PATTERNS) else None for leaf in leaves]
    if any(f is None and isinstance(leaf, _PATTERNS) for f, leaf in zip(functions, leaves, strict=True)):
        return None
    known = {id(leaf): f for leaf, f in zip(leaves, functions, strict=True) if f is not None}

    def function(line: torch.Tensor) -> torch.Tensor:
        given: Any = map_aggregate(
            (tuple(arguments), keywords), lambda leaf: known[id(leaf)](line) if id(leaf) in known else leaf
        )
        return node.target(*given[0], **given[1])  # type: ignore[operator]

    return Mapped(shape, base, function)


def _function(x: Any, base: Line) -> Function | None:
    """Return a pattern as a function of a line; None where it is none."""
    terms = (0, 0) if x.line is None else x.line.in_terms_of(base)
    if terms is None:
        return None
    factor, start = terms
    if isinstance(x, Ramp):
        return lambda line: factor * line + start
    if isinstance(x, Split):
        return lambda line: torch.where(factor * line + start >= 0, x.numbers[0], x.numbers[1])
    return lambda line: x.function(factor * line + start)
