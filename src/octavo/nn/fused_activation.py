"""Fused activations: where they cut the range of the output's integers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from octavo.program import Value
from octavo.program.grid import saturation as clamp_to

_ENDS: Mapping[str, tuple[float | None, float | None]] = {
    "relu": (0.0, None),
    "relu6": (0.0, 6.0),
}


@lru_cache(maxsize=1024)
def saturation(activation: str | None, y: Value) -> Mapping[str, int]:
    """Return `clamp_min` and `clamp_max` of an operator with a fused `relu` or `relu6`, where they cut y's range."""
    return {} if activation is None else clamp_to(*_ENDS[activation], y)
