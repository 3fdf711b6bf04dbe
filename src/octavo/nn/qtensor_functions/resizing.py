"""Interpolation: the nearest element keeps its integer, a blend of several is rounded to the input's qparams."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from octavo.nn.conversions import conversions
from octavo.nn.module import to_qtensor
from octavo.nn.qtensor import QTensor
from octavo.nn.qtensor_functions.registry import implements

_BLENDS = ("linear", "bilinear", "trilinear", "area")


@implements(F.interpolate)
def interpolate(
    x: QTensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", *args: Any, **kwargs: Any
) -> Any:
    """Resize as `F.interpolate`.

    Linear modes stay within the range of their input, so its qparams do for the output; the blend itself is computed
    in float32, and both conversions are counted.
    """
    if mode in ("nearest", "nearest-exact"):
        q = x.int_repr()
        # Only uint8 has such kernels, and moving bits is all that they do.
        bits = F.interpolate(q.view(torch.uint8), size, scale_factor, mode, *args, **kwargs)
        return x.with_data(bits.view(q.dtype))
    if mode not in _BLENDS:
        return NotImplemented
    for kind in ("dequantize", "quantize"):
        conversions.count("function interpolate", kind)
    return to_qtensor(F.interpolate(x.dequantize(), size, scale_factor, mode, *args, **kwargs), x.value)
