"""Catalogue: products of two values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from builders import FLOAT, Case, Made, deferred, one_operator, quantized, random_array

SIZES = (1, 2, 3, 4, 5, 7, 15, 16, 17, 31, 32, 33, 63, 64, 65, 130)


def spread_rows(rng: np.random.Generator, shape: Sequence[int]) -> np.ndarray:
    """Return floats [..., k] whose rows have a size and a sign of their own: both signs, one, the other."""
    array = rng.normal(0, 1, shape).astype(np.float32)
    rows = array.reshape(-1, shape[-1])
    rows[1::3] = np.abs(rows[1::3])
    rows[2::3] = -np.abs(rows[2::3])
    rows *= np.float32(10) ** rng.integers(-6, 7, (len(rows), 1)).astype(np.float32)
    return array


def dynamic_matmul(
    seed: int = 0,
    a: Sequence[int] = (5, 16),
    b: Sequence[int] = (16, 9),
    transpose_b: bool = False,
    edit: Callable[[np.ndarray, np.ndarray], None] | None = None,
) -> Case:
    """Return a product whose rows of a and columns of b differ much in size; `edit` changes a and bᵀ."""
    rng = np.random.default_rng(seed)
    columns = b if transpose_b else (*b[:-2], b[-1], b[-2])
    left, right = spread_rows(rng, a), spread_rows(rng, columns)
    if edit is not None:
        edit(left, right)
    right = right if transpose_b else np.ascontiguousarray(right.swapaxes(-1, -2))
    return one_operator("dynamic_matmul", [left, right], [FLOAT] * 2, FLOAT, {"transpose_b": transpose_b})


def matmul(
    seed: int = 0,
    a: Sequence[int] = (5, 16),
    b: Sequence[int] = (16, 9),
    transpose_b: bool = False,
    dtypes: tuple[str, str] = ("uint8", "uint8"),
    output: str = "uint8",
    zero_points: tuple[int, int] = (117, 131),
    extreme: bool = False,
    **clamp: int,
) -> Case:
    """Return a product of values of any dtypes. zero_points count from the lowest element of each dtype."""
    rng = np.random.default_rng(seed)
    types = [
        FLOAT if dtype == "float32" else quantized(dtype, scale, zero_point)
        for dtype, scale, zero_point in zip(dtypes, (0.05, 0.03), zero_points, strict=True)
    ]
    arrays = [random_array(rng, value, shape) for value, shape in zip(types, (a, b), strict=True)]
    if extreme:
        for array in arrays:
            array[...] = np.iinfo(array.dtype).max
    made = FLOAT if output == "float32" else quantized(output, 0.05 * 0.03 * 74 * 73 * a[-1] ** 0.5 / 30, 120)
    return one_operator("matmul", arrays, types, made, {"transpose_b": transpose_b, **clamp})


def shapes() -> Iterator[tuple[str, tuple[Sequence[int], Sequence[int]]]]:
    """Return labels and shapes with every size around those of vectors, tiles and panels; leading axes broadcast."""
    for size in SIZES:
        yield f"k{size}", ((3, size), (size, 5))
        yield f"n{size}", ((2, 7), (7, size))
        yield f"m{size}", ((size, 9), (9, 18))
    yield "one", ((1, 1), (1, 1))
    yield "square", ((70, 70), (70, 70))
    yield "deep", ((3, 5000), (5000, 33))
    yield "wide", ((2, 40), (40, 500))
    yield "batch", ((3, 5, 20), (3, 20, 17))
    yield "heads", ((2, 3, 15, 8), (2, 3, 8, 33))
    yield "broadcast-a", ((5, 20), (3, 20, 17))
    yield "broadcast-b", ((2, 3, 5, 20), (20, 17))
    yield "broadcast-both", ((2, 1, 5, 20), (3, 20, 17))
    yield "broadcast-1", ((4, 5, 20), (1, 20, 17))
    for size in SIZES:
        yield f"tile-k{size}", ((19, size), (size, 37))


def _transposed(b: Sequence[int], transpose_b: bool) -> Sequence[int]:
    return (*b[:-2], b[-1], b[-2]) if transpose_b else b


def _columns(*columns: Sequence[float], left: Sequence[float] | None = None) -> Callable[[], Case]:
    """Return a product by these columns between ordinary ones; `left`: a row of a beside ordinary ones."""

    def edit(a: np.ndarray, b: np.ndarray) -> None:
        b[1::2] = columns
        if left is not None:
            a[1] = left

    depth, count = len(columns[0]), 2 * len(columns) + 1
    return deferred(dynamic_matmul, a=(4, depth), b=(depth, count), edit=edit)


def dynamic_matmul_cases() -> Made:
    for index, (label, (a, b)) in enumerate(shapes()):
        transposed = index % 2 == 1
        yield (
            f"{label}-t" if transposed else label,
            deferred(dynamic_matmul, index, a, _transposed(b, transposed), transposed),
        )
    for transposed in (False, True):
        b = _transposed((2, 65, 70), transposed)
        yield f"both-orders-{transposed}", deferred(dynamic_matmul, 1, (2, 17, 65), b, transposed)
    inf, nan = np.inf, np.nan
    yield "zeros", _columns([0.0] * 5, [-0.0] * 5)
    yield "constant", _columns([3.7] * 9, [-3.7] * 9, [0.0] * 8 + [1.0], [-1.0] + [0.0] * 8)
    yield "huge", _columns([1e30, -1e30, 3.0], [3.4e38, -3.4e38, 0.0])
    yield "beyond-float32", _columns([3e38, -3e38, 1e38], left=[3e38, 0.0, 1.0])
    yield "tiny", _columns([1e-36, -1e-36, 0.0], [1e-37, 7e-37, 0.0], [5e-39, -3e-39, 1e-39], [1e-45, 0.0, 0.0])
    yield "nan", _columns([nan, 1.0, 2.0], [1.0, 2.0, nan], [nan] * 3, [-nan, 0.0, 0.0], left=[nan, 1.0, 2.0])
    yield "infinity", _columns([inf, 1.0, 2.0], [1.0, -inf, 2.0], [inf, nan, -inf], left=[1.0, 2.0, inf])
    yield "nan-anywhere", _columns(*([float(i)] * i + [nan] + [1.0] * (40 - i) for i in range(0, 41, 5)))
    yield "ties", _columns([i + 0.5 for i in range(-100, 100)] + [127.0], [0.5 * i for i in range(-74, 127)])


def matmul_cases() -> Made:
    pairs = [(x, y) for x in ("uint8", "int8") for y in ("uint8", "int8")]
    outputs = ("uint8", "int8", "float32")
    for index, (label, (a, b)) in enumerate(shapes()):
        transposed, dtypes, output = index % 2 == 0, pairs[index % 4], outputs[index % 3]
        yield (
            f"{label}-{'-'.join(dtypes)}-{output}{'-t' * transposed}",
            deferred(matmul, index, a, _transposed(b, transposed), transposed, dtypes, output),
        )
    for dtypes in pairs:
        for output in outputs:
            for transposed in (False, True):
                b = _transposed((2, 65, 34), transposed)
                yield (
                    f"both-{'-'.join(dtypes)}-{output}-{transposed}",
                    deferred(matmul, 3, (2, 15, 65), b, transposed, dtypes, output),
                )
    for zero_points in ((0, 0), (255, 255), (0, 255)):
        for dtypes in pairs[1:3]:
            yield (
                f"zero_points{zero_points[0]}-{zero_points[1]}-{'-'.join(dtypes)}",
                deferred(matmul, 4, (4, 30), (30, 20), False, dtypes, "float32", zero_points),
            )
    depth = (2**31 - 1) // 255**2
    for dtypes in pairs[:3:2]:
        yield (
            f"extreme-{dtypes[0]}",
            deferred(
                matmul, a=(2, depth), b=(depth, 3), dtypes=dtypes, output="float32", zero_points=(0, 0), extreme=True
            ),
        )
    yield "clamp", deferred(matmul, 5, (4, 30), (30, 20), clamp_min=120, clamp_max=200)
    for index, (label, (a, b)) in enumerate(shapes()):
        transposed = index % 2 == 1
        yield (
            f"float-{label}",
            deferred(matmul, index, a, _transposed(b, transposed), transposed, ("float32", "float32"), "float32"),
        )
