"""Fused activations: where they cut the range of the output's integers."""

from __future__ import annotations

from octavo.program import Value
from octavo.program.types import QUANT_RANGE

_UPPER = {"relu": None, "relu6": 6.0}


def saturation(activation: str | None, y: Value) -> dict[str, int]:
    """Return `clamp_min` and `clamp_max` of an operator with a fused `relu` or `relu6`, where they cut y's range."""
    if activation is None:
        return {}
    assert y.scale is not None and y.zero_point is not None
    low, high = QUANT_RANGE[y.dtype]
    upper = _UPPER[activation]
    most = high if upper is None else min(high, round(upper / y.scale) + y.zero_point)
    bounds = {"clamp_min": y.zero_point} if y.zero_point > low else {}
    return bounds | ({"clamp_max": most} if most < high else {})
