"""Catalogue: attention, dynamic and static.

Sizes around those of vectors, tiles and panels for the heads, the queries and the keys; every kind of mask; rows that
are masked out; NaN and infinity in each of the inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from builders import FLOAT, Case, Made, deferred, one_operator, quantized, random_array
from matmul_cases import spread_rows

LOWEST = float(np.finfo(np.float32).min)
Edit = Callable[[list[np.ndarray]], None]
SIZES = (1, 2, 3, 4, 5, 8, 15, 16, 17, 31, 32, 33, 64, 65, 100)
# A mask's shape from [n, h, t, s].
MASKS: dict[str, Callable[[int, int, int, int], Sequence[int]]] = {
    "full": lambda n, h, t, s: (n, h, t, s),
    "keys": lambda n, h, t, s: (n, 1, 1, s),
    "queries": lambda n, h, t, s: (1, 1, t, s),
    "heads": lambda n, h, t, s: (1, h, 1, s),
    "one": lambda n, h, t, s: (1, 1, 1, s),
}


def mask_of(rng: np.random.Generator, shape: Sequence[int]) -> np.ndarray:
    """Return a mask of small numbers, of -infinity and of the lowest finite float."""
    mask = rng.normal(0, 1, shape).astype(np.float32)
    chance = rng.random(shape)
    mask[chance < 0.3] = -np.inf
    mask[chance > 0.85] = LOWEST
    return mask


def attention(
    seed: int = 0,
    n: int = 1,
    h: int = 2,
    t: int = 5,
    s: int = 7,
    d: int = 8,
    e: int | None = None,
    g: int | None = None,
    causal: bool = False,
    mask: str | None = None,
    dtypes: Sequence[str] = (),
    zero_points: Sequence[int] = (120, 131, 125),
    edit: Edit | None = None,
    **clamp: int,
) -> Case:
    """Return `dynamic_attention`, or `attention` where dtypes of q, k, v and y are given; `edit` changes its inputs."""
    rng = np.random.default_rng(seed)
    g, e = g or h, e or d
    shapes = [(n, t, h * d), (n, s, g * d), (n, s, g * e)]
    types = [FLOAT] * 3
    if dtypes:
        types = [quantized(dtypes[i], (0.03, 0.02, 0.05)[i], zero_points[i]) for i in range(3)]
        arrays = [random_array(rng, value, shape) for value, shape in zip(types, shapes, strict=True)]
    else:
        arrays = [rng.normal(0, 1, shape).astype(np.float32) for shape in shapes]
        arrays[2] = np.ascontiguousarray(spread_rows(rng, (n, g * e, s)).swapaxes(1, 2))
    if mask is not None:
        types = [*types, FLOAT]
        arrays.append(mask_of(rng, MASKS[mask](n, h, t, s)))
    if edit is not None:
        edit(arrays)
    made = quantized(dtypes[3], 0.055, 118) if dtypes else FLOAT
    attributes = {"heads": h, "kv_heads": g, "scale": 1 / d**0.5, "causal": causal, **clamp}
    return one_operator("attention" if dtypes else "dynamic_attention", arrays, types, made, attributes)


def _shapes() -> Iterator[tuple[str, dict[str, Any]]]:
    for size in SIZES:
        yield f"d{size}", {"d": size, "e": 5}
        yield f"e{size}", {"d": 3, "e": size}
        yield f"t{size}", {"t": size, "s": 9, "mask": "queries"}
        yield f"s{size}", {"t": 3, "s": size, "causal": size % 2 == 0}
    yield "one", {"h": 1, "t": 1, "s": 1, "d": 1}
    yield "one-key", {"s": 1, "t": 3}
    yield "bert", {"h": 3, "t": 128, "s": 128, "d": 64, "mask": "keys"}
    yield "minilm", {"h": 4, "t": 32, "s": 32, "d": 32, "mask": "keys"}
    yield "long", {"h": 1, "t": 3, "s": 2048, "d": 16}
    yield "long-queries", {"h": 1, "t": 700, "s": 5, "d": 6}
    yield "causal", {"h": 2, "t": 40, "s": 40, "causal": True}
    yield "causal-more-keys", {"t": 9, "s": 50, "causal": True}
    yield "causal-more-queries", {"t": 50, "s": 9, "causal": True}
    yield "causal-mask", {"n": 2, "t": 33, "s": 35, "causal": True, "mask": "full"}
    yield "batch", {"n": 3, "h": 2, "t": 17, "s": 19}
    yield "groups", {"n": 2, "h": 6, "g": 2, "t": 15, "s": 20}
    yield "one-kv-head", {"n": 2, "h": 5, "g": 1, "t": 15, "s": 20, "e": 3}
    for size in SIZES:
        yield f"tile-s{size}", {"t": 37, "s": size, "e": 35, "causal": size % 2 == 0}
    for mask in MASKS:
        yield f"mask-{mask}", {"n": 2, "h": 3, "t": 18, "s": 37, "mask": mask}


def _mask(number: float) -> Edit:
    """Return an edit that masks out everything for one query, everything but one key for another."""

    def edit(arrays: list[np.ndarray]) -> None:
        arrays[3][..., 2, :] = number
        arrays[3][..., 4, 1:] = number

    return edit


def _at(index: int, place: tuple[int, ...], number: float) -> Edit:
    def edit(arrays: list[np.ndarray]) -> None:
        arrays[index][place] = number

    return edit


def _rows(arrays: list[np.ndarray]) -> None:
    """Give q, k and v rows and columns of zeros, huge and tiny ones."""
    for array in arrays[:3]:
        array[:, 0] = 0
        array[:, 1] = 1e-42
        array[:, 2] *= np.float32(1e25)
        array[:, 3] *= np.float32(1e-25)
    arrays[2][:, :, 1] = 0
    arrays[2][:, :, 2] = 3.5


def dynamic_attention_cases() -> Made:
    for index, (label, kwargs) in enumerate(_shapes()):
        yield label, deferred(attention, index, **kwargs)
    inf, nan = np.inf, np.nan
    for label, number in (("infinity", -inf), ("lowest", LOWEST)):
        yield f"masked-out-{label}", deferred(attention, 7, t=6, mask="full", edit=_mask(number))
    strange: dict[str, Any] = {"n": 2, "h": 3, "t": 9, "s": 20, "e": 33}
    yield "rows", deferred(attention, 8, **strange, edit=_rows)
    for number in (nan, inf, -inf):
        for index, name in enumerate("qkv"):
            yield f"{name}-{number}", deferred(attention, 9, **strange, edit=_at(index, (1, 5, 3), number))
            yield (
                f"{name}-{number}-causal",
                deferred(attention, 10, **strange, causal=True, edit=_at(index, (0, 5, 0), number)),
            )
        yield f"mask-{number}", deferred(attention, 11, **strange, mask="full", edit=_at(3, (1, 1, 4, 17), number))
    yield "overflowing-logits", deferred(attention, 12, **strange, edit=lambda arrays: _grow(arrays, 1e30))


def _grow(arrays: list[np.ndarray], factor: float) -> None:
    for array in arrays[:2]:
        array[:, 4:] *= np.float32(factor)


def attention_cases() -> Made:
    kinds = ("uint8", "int8")
    every = [(q, k, v, kinds[(q == k) ^ (v == "int8")]) for q in kinds for k in kinds for v in kinds]
    for index, (label, kwargs) in enumerate(_shapes()):
        dtypes = every[index % len(every)]
        yield f"{label}-{'-'.join(dtypes)}", deferred(attention, index, dtypes=dtypes, **kwargs)
    for dtypes in every:
        yield "-".join(dtypes), deferred(attention, 5, n=2, h=3, t=15, s=33, d=9, e=34, dtypes=dtypes, mask="keys")
    for zero_points in ((0, 0, 0), (255, 255, 255), (0, 255, 0), (255, 0, 255)):
        yield (
            f"zero_points{'-'.join(map(str, zero_points))}",
            deferred(attention, 6, t=15, s=33, dtypes=every[len(zero_points)], zero_points=zero_points),
        )
    signed = every[0]  # all uint8, and an int8 output
    for label, number in (("infinity", -np.inf), ("lowest", LOWEST)):
        yield f"masked-out-{label}", deferred(attention, 7, t=6, mask="full", dtypes=signed, edit=_mask(number))
    for number in (np.nan, np.inf):
        edit = _at(3, (0, 1, 4, 5), number)
        yield f"mask-{number}", deferred(attention, 8, t=6, mask="full", dtypes=signed, edit=edit)
    yield "clamp", deferred(attention, 9, t=6, dtypes=signed, clamp_min=-20, clamp_max=15)
