"""Catalogue: operators that move elements and change none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from builders import FLOAT, Case, Made, deferred, one_operator, quantized, random_array, unary_operator

from octavo.program import Value

TYPES = {"uint8": quantized(), "int8": quantized("int8", 0.04, 100), "float32": FLOAT, "raw-uint8": Value("uint8")}
NAMED = {**TYPES, "int64": Value("int64")}  # what operators take that only name memory anew
SHAPES = ((7,), (3, 17), (2, 5, 6), (2, 17, 5, 3), (1, 64, 4, 4), (2, 3, 1, 2, 5), (1, 2, 3, 2, 2, 3))


def _concat(value: Value, shapes: Sequence[Sequence[int]], axis: int) -> Case:
    rng = np.random.default_rng(0)
    arrays = [random_array(rng, value, shape) for shape in shapes]
    return one_operator("concat", arrays, [value] * len(arrays), value, {"axis": axis})


def concat_cases() -> Made:
    for name, value in NAMED.items():
        for axis in range(4):
            shapes = [tuple(size if i == axis else n for i, n in enumerate((2, 5, 3, 4))) for size in (1, 4, 7)]
            yield f"axis{axis}-{name}", deferred(_concat, value, shapes, axis)
        yield f"one-{name}", deferred(_concat, value, [(2, 3, 4)], 1)
        yield f"channels-{name}", deferred(_concat, value, [(1, c, 5, 4) for c in (1, 16, 17, 31, 64)], 1)
        yield f"1d-{name}", deferred(_concat, value, [(3,), (1,), (9,)], 0)


def reshape_cases() -> Made:
    targets = {
        "flatten": ((2, 17, 3, 5), (2, -1)),
        "split": ((2, 16, 3, 5), (2, 4, 4, 3, 5)),
        "merge": ((2, 3, 4, 5), (6, 20)),
        "same": ((2, 3, 4), (2, 3, 4)),
        "to-scalar": ((1, 1), ()),
        "from-scalar": ((), (1, 1, 1)),
        "one-pixel": ((2, 33, 1, 1), (2, 33)),
        "to-images": ((2, 48), (2, 3, 4, 4)),
    }
    for label, (shape, target) in targets.items():
        for name, value in NAMED.items():
            yield f"{label}-{name}", deferred(unary_operator, "reshape", shape, value, shape=target)


def permute_cases() -> Made:
    for name, value in NAMED.items():
        for shape, dims in (((3, 17), (1, 0)), ((2, 5, 6), (0, 2, 1)), ((2, 17, 5, 3), (0, 2, 3, 1)),
                            ((2, 5, 3, 17), (0, 3, 1, 2)), ((2, 3, 4, 5), (3, 2, 1, 0)), ((2, 3, 4, 5), (0, 1, 2, 3)),
                            ((1, 2, 3, 2, 2, 3), (5, 0, 3, 1, 4, 2))):  # fmt: skip
            yield f"{''.join(map(str, dims))}-{name}", deferred(unary_operator, "permute", shape, value, dims=dims)


def slice_cases() -> Made:
    for name, value in NAMED.items():
        for axis in range(4):
            yield (
                f"axis{axis}-{name}",
                deferred(unary_operator, "slice", (5, 6, 7, 8), value, axis=axis, start=1, end=4, step=1),
            )
        for start, end, step in ((0, None, 1), (-3, None, 1), (2, -1, 1), (0, 100, 1), (1, None, 2), (-100, 9, 3),
                                 (3, 2**63 - 1, 1)):  # fmt: skip
            yield (
                f"channels-{start}-{'' if end is None else end}-{step}-{name}",
                deferred(unary_operator, "slice", (2, 37, 3, 2), value, axis=1, start=start, end=end, step=step),
            )


def pad_cases() -> Made:
    for name, value in TYPES.items():
        if name == "raw-uint8":  # it has no real zero
            continue
        for shape in SHAPES:
            padding = [((i + 1) % 3, i % 2) for i in range(len(shape))]
            yield f"{'x'.join(map(str, shape))}-{name}", deferred(unary_operator, "pad", shape, value, padding=padding)
        yield f"nothing-{name}", deferred(unary_operator, "pad", (2, 3), value, padding=[(0, 0), (0, 0)])


def channel_shuffle_cases() -> Made:
    for name, value in TYPES.items():
        for channels, groups in ((4, 2), (6, 3), (58, 2), (64, 2), (116, 4), (33, 1), (17, 17)):
            yield (
                f"{channels}-in-{groups}-{name}",
                deferred(unary_operator, "channel_shuffle", (2, channels, 3, 5), value, groups=groups),
            )
        yield f"one-pixel-{name}", deferred(unary_operator, "channel_shuffle", (1, 24, 1, 1), value, groups=4)
        yield f"1d-{name}", deferred(unary_operator, "channel_shuffle", (1, 24, 9), value, groups=4)
