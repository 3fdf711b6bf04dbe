"""Padding: with an integer that stands for exactly the number wanted, or with the tensor's own values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F

from octavo.nn.qtensor import QTensor
from octavo.nn.qtensor_functions.joining import exact_integer
from octavo.nn.qtensor_functions.registry import implements


@implements(F.pad)
def pad(x: QTensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Any:
    """Pad as `F.pad`; a number that no integer stands for is NotImplemented."""
    if mode != "constant":
        return x.with_data(F.pad(x.int_repr(), list(pad), mode=mode))
    q = exact_integer(0.0 if value is None else float(value), x.value)
    return NotImplemented if q is None else x.with_data(F.pad(x.int_repr(), list(pad), value=q))
