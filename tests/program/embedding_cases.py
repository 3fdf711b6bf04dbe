"""Catalogue: operators that look rows of a table up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from builders import FLOAT, Case, Made, deferred, one_operator

from octavo.program import Value

INDEX = Value("int64")
ROWS = 37


def _table(rng: np.random.Generator, rows: int, dim: int, quantized: bool) -> dict[str, np.ndarray]:
    if not quantized:
        return {"weight": rng.normal(0, 1, (rows, dim)).astype(np.float32)}
    return {
        "weight": rng.integers(0, 255, (rows, dim), endpoint=True, dtype=np.uint8),
        "scale": rng.uniform(0.001, 0.02, rows).astype(np.float32),
        "offset": rng.normal(-1, 1, rows).astype(np.float32),
    }


def embedding(shape: Sequence[int], dim: int, quantized: bool, rows: int = ROWS) -> Case:
    """Return an embedding of random ids, the first and the last row among them where there is room."""
    rng = np.random.default_rng(0)
    ids = rng.integers(0, rows, shape)
    ids.flat[0], ids.flat[-1] = 0, rows - 1
    return one_operator("embedding", [ids], [INDEX], FLOAT, {}, _table(rng, rows, dim, quantized))


def embedding_bag(
    shape: Sequence[int], dim: int, quantized: bool, mode: str = "sum", offsets: Sequence[int] | None = None
) -> Case:
    """Return an embedding_bag of random ids, with random weights where `mode` has them."""
    rng = np.random.default_rng(0)
    arrays, types = [rng.integers(0, ROWS, shape)], [INDEX]
    if offsets is not None:
        arrays.append(np.array(offsets, np.int64))
        types.append(INDEX)
    if mode == "weighted_sum":
        arrays.append(rng.normal(0, 1, shape).astype(np.float32))
        types.append(FLOAT)
    return one_operator("embedding_bag", arrays, types, FLOAT, {"mode": mode}, _table(rng, ROWS, dim, quantized))


def embedding_cases() -> Made:
    for quantized in (True, False):
        kind = "uint8" if quantized else "float32"
        for dim in (*range(1, 10), 15, 16, 17, 31, 33, 64, 65, 100, 300):
            yield f"{kind}-dim{dim}", deferred(embedding, (3, 5), dim, quantized)
        for shape in ((1,), (19,), (2, 3, 4), (2, 1, 2, 3), (1, 2, 3, 2, 2)):
            yield f"{kind}-ids{'x'.join(map(str, shape))}", deferred(embedding, shape, 20, quantized)
        yield f"{kind}-one-row", deferred(embedding, (4,), 9, quantized, 1)


def embedding_bag_cases() -> Made:
    for quantized in (True, False):
        kind = "uint8" if quantized else "float32"
        for mode in ("sum", "mean", "max", "weighted_sum"):
            for dim in (1, 3, 8, 16, 17, 40, 65):
                yield f"{kind}-{mode}-dim{dim}", deferred(embedding_bag, (5, 7), dim, quantized, mode)
            yield f"{kind}-{mode}-one-id", deferred(embedding_bag, (3, 1), 12, quantized, mode)
            for label, offsets in {
                "offsets": (0, 3, 4, 11), "empty": (0, 0, 5, 5, 13, 13), "one": (0,), "all-empty-but-last": (0, 0, 0),
            }.items():  # fmt: skip
                yield f"{kind}-{mode}-{label}", deferred(embedding_bag, (13,), 21, quantized, mode, offsets)
