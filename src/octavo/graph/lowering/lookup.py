"""Rows of a table: embedding and embedding_bag."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from octavo.graph.ir import Shape
from octavo.graph.lowering.builder import INDICES, Builder
from octavo.graph.lowering.operands import constant, indices_of, is_uniform, rows_of_line, table_of
from octavo.graph.lowering.patterns import Line, Mapped, Ramp, recognize
from octavo.graph.lowering.registry import Unsupported, Value, lowers

_MODES = ("sum", "mean", "max")


@lowers("embedding", any_dtype=True, patterns=True)
def embedding(
    b: Builder, weight: Any, ids: Any, padding_idx: int = -1, scale_grad_by_freq: bool = False, sparse: bool = False
) -> Value:
    """Lower a look-up; `padding_idx` is of use in training alone."""
    _require_table(weight)
    if is_uniform(ids):
        return _one_row(b, weight, int(ids.uniform))
    if isinstance(ids, Mapped):
        weight, ids = table_of(b, ids, weight), rows_of_line(b, ids)
    if isinstance(ids, Ramp):
        _limit(b, ids, weight.shape[0])
        ids = indices_of(b, ids)
    if isinstance(ids, Value) and ids.name not in b.fixed and b.argument_dtype(1) in (torch.int64, torch.int32):
        ids = _computed(b, ids)
    _require_indices(b, ids, "its ids")
    return b.emit("embedding", (ids,), None, {}, {"weight": weight})


@lowers("gather", any_dtype=True, patterns=True)
def gather(b: Builder, x: Any, axis: int, indices: Any, *, sparse_grad: bool = False) -> Any:
    """Lower a choice among numbers that are all the same."""
    x = recognize(x) if isinstance(x, torch.Tensor) else x
    if is_uniform(x):
        return replace(x, shape=b.result_shape())
    raise Unsupported("it chooses among the elements of an axis", "look rows up with an embedding, or slice")


@lowers("cumsum", any_dtype=True)
def cumsum(b: Builder, x: Value, axis: int, *, dtype: Any = None) -> Value:
    """Lower the sums of the first elements along an axis; of integers as they are, of booleans in float32."""
    made = b.current.meta["val"].dtype
    if made not in (torch.float32, torch.int64, torch.int32) or (made != torch.float32 and dtype is torch.float32):
        raise Unsupported(f"it makes values of {made}", "keep them in float32 or int64")
    x = b.dense(x)
    y = b.emit("cumsum", (x,), b.shape(x), {"axis": axis % len(b.shape(x))})
    if x.name in b.fixed:
        if b.fixed[x.name] != INDICES:
            raise Unsupported("it adds the integers of a tensor in 8 bits", "dequantize it (a DeQuantStub)")
        b.fixed[y.name] = INDICES
    return y


def _computed(b: Builder, ids: Value) -> Value:
    """Return integers that were computed in float32 as int64."""
    made = b.emit("truncate", (ids,), b.shape(ids), suffix=".ids")
    b.fixed[made.name] = INDICES
    return made


def _one_row(b: Builder, weight: torch.Tensor, row: int) -> Value:
    """Return the row that all ids name, as often as there are ids."""
    if not 0 <= row < len(weight):
        raise Unsupported(f"its id is {row}, its table has {len(weight)} rows", "make the table larger")
    shape = b.result_shape()
    return Value(constant(b, weight[row].reshape((1,) * (len(shape) - 1) + (-1,))).name, shape)


@lowers("embedding_bag", "_embedding_bag", "_embedding_bag_forward_only", any_dtype=True, patterns=True)
def embedding_bag(
    b: Builder, weight: Any, ids: Any, offsets: Any, scale_grad_by_freq: bool = False, mode: int = 0,
    sparse: bool = False, weights: Any = None, include_last_offset: bool = False, padding_idx: int | None = None,
) -> list[Value]:  # fmt: skip
    """Lower bags of rows, the first of four results; bags that are all of one length become ids `[n, l]` again."""
    _require_table(weight)
    _require_indices(b, ids, "its ids")
    if include_last_offset:
        raise Unsupported("it takes the end of the last bag as an offset", "build it with include_last_offset=False")
    if padding_idx is not None and padding_idx >= 0:
        raise Unsupported("it leaves out the rows of padding_idx", "build it with padding_idx=None")
    if weights is not None and (not isinstance(weights, Value) or weights.name in b.fixed):
        raise Unsupported("its per_sample_weights are no float32 tensor that depends on the input")
    bags = _rows(b, ids, offsets)
    if bags is not None:
        inputs, count = (bags,), b.shape(bags)[0]
        weights = weights and b.reshape(weights, b.shape(bags), suffix=".weights")
    else:
        _require_indices(b, offsets, "its offsets")
        inputs, count = (ids, offsets), b.shape(offsets)[0]
    attributes = {"mode": _MODES[mode] if weights is None else "weighted_sum"}
    read = inputs if weights is None else (*inputs, weights)
    return [b.emit("embedding_bag", read, (count, weight.shape[1]), attributes, {"weight": weight})]


def _limit(b: Builder, ids: Ramp, rows: int) -> None:
    """Let no sequence be longer than a table of positions."""
    for size, step in zip(ids.shape, ids.line.steps, strict=True):
        if isinstance(step, int) and step > 0 and isinstance(ids.line.start, int):
            b.symbols.limit(size, (rows - 1 - ids.line.start) // step + 1)


def _rows(b: Builder, ids: Value, offsets: Any) -> Value | None:
    """Return ids `[n, l]` where PyTorch has laid them out flat, and says so with offsets 0, l, 2·l, …"""
    if isinstance(offsets, Value):
        return None
    wide = b.reshaped(ids)
    shape = b.shape(wide)
    if len(shape) == 2 and _starts(b, offsets, shape):
        return wide
    raise Unsupported("its offsets are constant", "pass ids of shape [n, l], or offsets as an input of the model")


def _starts(b: Builder, offsets: Any, shape: Shape) -> bool:
    """Tell whether constant offsets are where the rows of that shape start."""
    if isinstance(offsets, Ramp):
        return offsets.line == Line(0, (shape[1],))
    rows, length = shape
    if not isinstance(rows, int) or not isinstance(length, int):
        return False
    return offsets.tolist() == [i * length for i in range(rows)]


def _require_table(weight: Any) -> None:
    if not isinstance(weight, torch.Tensor) or weight.dtype != torch.float32:
        raise Unsupported("its table is no float32 constant", "make the weight a parameter or buffer of the module")


def _require_indices(b: Builder, value: Any, what: str) -> None:
    if not isinstance(value, Value) or b.fixed.get(value.name) != INDICES:
        raise Unsupported(f"{what} are no int64 tensor that depends on the input", "pass int64 (.long()) as an input")
