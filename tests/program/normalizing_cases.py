"""Catalogue: operators that normalize rows."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from builders import FLOAT, Case, Made, deferred, one_operator


def _normalized(
    kind: str, shape: Sequence[int], entries: int, mean: float = 0.5, spread: float = 3, **attributes: float
) -> Case:
    rng = np.random.default_rng(0)
    x = rng.normal(mean, spread, shape).astype(np.float32)
    constants = {
        "weight": rng.uniform(-2, 2, entries).astype(np.float32),
        "bias": rng.normal(0, 1, entries).astype(np.float32),
    }
    return one_operator(kind, [x], [FLOAT], FLOAT, {"eps": 1e-5, **attributes}, constants)


def layer_norm_cases() -> Made:
    for size in (*range(1, 11), 15, 16, 17, 31, 32, 33, 63, 65, 127, 129, 768, 1000):
        yield f"last-axis-{size}", deferred(_normalized, "layer_norm", (3, size), size, axes=1)
    for axes in range(1, 6):
        shape = (2, 3, 5, 4, 3, 2)[-max(axes, 2) :]
        entries = prod(shape[-axes:])
        yield f"{axes}-axes-of-{len(shape)}", deferred(_normalized, "layer_norm", shape, entries, axes=axes)
    yield "one-axis-of-6", deferred(_normalized, "layer_norm", (1, 2, 3, 2, 2, 19), 19, axes=1)
    yield "whole", deferred(_normalized, "layer_norm", (7, 9), 63, axes=2)
    yield "spatial", deferred(_normalized, "layer_norm", (2, 5, 6, 7), 42, axes=2)
    yield "far-from-zero", deferred(_normalized, "layer_norm", (4, 50), 50, axes=1, mean=1e4, spread=1e-2)
    yield "constant", deferred(_normalized, "layer_norm", (4, 50), 50, axes=1, mean=3, spread=0)
    yield "large", deferred(_normalized, "layer_norm", (4, 50), 50, axes=1, spread=1e30)
    yield "eps-1", deferred(_normalized, "layer_norm", (4, 50), 50, axes=1, eps=1)


def group_norm_cases() -> Made:
    for channels, groups in ((1, 1), (4, 2), (6, 3), (8, 8), (17, 1), (32, 8), (33, 11)):
        for spatial in ((), (1,), (7,), (16,), (5, 3), (4, 4), (2, 3, 5)):
            label = f"{channels}-in-{groups}-{'x'.join(map(str, spatial)) or 'none'}"
            yield label, deferred(_normalized, "group_norm", (2, channels, *spatial), channels, groups=groups)
    yield "image", deferred(_normalized, "group_norm", (1, 24, 19, 21), 24, groups=4)
    yield "far-from-zero", deferred(_normalized, "group_norm", (2, 4, 9), 4, groups=2, mean=1e4, spread=1e-2)
