"""Which dtypes an operator may read and make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from octavo.graph.lowering.builder import INDICES, Builder
from octavo.graph.lowering.registry import MOVES, TAKES_INTEGERS, Unsupported, Value


def check_dtypes(b: Builder, key: str, values: Sequence[Value], made: Any) -> None:
    """Refuse arithmetic on the integers of values in 8 bits, and results in any dtype but the operands'."""
    kinds = {b.fixed.get(value.name) for value in values}
    integers = key in TAKES_INTEGERS
    if integers:
        kinds = {None if kind == INDICES else kind for kind in kinds}
    if len(kinds) > 1:
        raise Unsupported(
            "its operands are in different dtypes, or in 8 bits with different qparams",
            "dequantize what is in 8 bits (a DeQuantStub)",
        )
    kind = kinds.pop() if kinds else None
    if kind == INDICES and key not in MOVES:
        raise Unsupported("it computes with integers (int64)", "compute what it gives before the model, as an input")
    if kind is not None and key not in MOVES:
        raise Unsupported("it computes with the integers of a tensor in 8 bits", "dequantize it (a DeQuantStub)")
    expected = torch.float32 if kind is None else getattr(torch, kind.dtype)
    allowed = {expected} if kind is not None else {expected, *_number_dtypes(key, integers)}
    if isinstance(made, torch.Tensor) and made.dtype not in allowed:
        raise Unsupported(f"it makes values of {made.dtype}", f"keep them in {expected}")


def _number_dtypes(key: str, integers: bool) -> set[torch.dtype]:
    """Return the dtypes of PyTorch that float32 values stand for: booleans are moved, integers computed with."""
    return (
        {torch.int64, torch.int32, torch.bool}
        if key in MOVES or (integers and key not in ("add", "sub", "rsub"))
        else ({torch.int64, torch.int32} if integers else set())
    )
