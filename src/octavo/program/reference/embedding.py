"""Operators that look rows of a table up."""

from __future__ import annotations

import numpy as np

from octavo.program.reference.call import Call


def embedding(call: Call) -> np.ndarray:
    """Take row `id` of the table: `f(weight) · scale[id] + offset[id]`, or the float weight itself."""
    return _rows(call, call.inputs[0])


def embedding_bag(call: Call) -> np.ndarray:
    """Combine the rows of each bag, in order of its ids; an empty bag gives zeros."""
    ids, mode = call.inputs[0], call.attributes["mode"]
    y = np.zeros(call.shape, np.float32)
    bags = _bags(call)
    rows = _rows(call, ids).reshape(ids.size, -1)
    if mode == "weighted_sum":
        rows = rows * call.inputs[-1].reshape(-1, 1)
    for total, bag in zip(y, bags, strict=True):
        for index in bag:
            if mode == "max":
                total[:] = rows[index] if index == bag.start else np.where(total < rows[index], rows[index], total)
            else:
                total += rows[index]
        if mode == "mean" and bag:
            total /= np.float32(len(bag))
    return y


def _rows(call: Call, ids: np.ndarray) -> np.ndarray:
    weight = call.constants["weight"]
    wrong = (ids < 0) | (ids >= len(weight))
    if wrong.any():
        place = np.argwhere(wrong)[0].tolist()
        raise IndexError(
            f"{call.where}: id {ids[tuple(place)]} at {place} is not in its table of {len(weight)} rows, expected 0 to"
            f" {len(weight) - 1}"
        )
    rows = weight[ids]
    if "scale" not in call.constants:
        return rows
    scale, offset = (call.constants[role][ids][..., None] for role in ("scale", "offset"))
    return rows.astype(np.float32) * scale + offset


def _bags(call: Call) -> list[range]:
    """Return the positions of each bag's ids among all ids in row-major order."""
    ids = call.inputs[0]
    if ids.ndim == 2:
        return [range(i * ids.shape[1], (i + 1) * ids.shape[1]) for i in range(len(ids))]
    offsets = call.inputs[1]
    wrong = (offsets < np.append(0, offsets[:-1])) | (offsets > len(ids))
    wrong[0] = offsets[0] != 0
    if wrong.any():
        index = int(wrong.argmax())
        raise ValueError(
            f"{call.where}: offsets[{index}] is {offsets[index]}, expected offsets that begin with 0, never fall and"
            f" are at most {len(ids)}, the number of ids"
        )
    return [range(start, end) for start, end in zip(offsets, np.append(offsets[1:], len(ids)), strict=True)]
