"""The integer dtypes that stand for real numbers, and their ranges."""

from __future__ import annotations

from typing import Literal, cast

import torch

Dtype = Literal["uint8", "int8", "int32"]

TORCH_DTYPES: dict[str, torch.dtype] = {"uint8": torch.uint8, "int8": torch.int8, "int32": torch.int32}


def dtype_name(dtype: str | torch.dtype) -> Dtype:
    """Name a quantized dtype: `"uint8"`, `"int8"` or `"int32"`.

    Args:
        dtype: a name or a torch dtype; the old quantized dtypes (`quint8`, `qint8`, `qint32`) are read too.

    Raises:
        ValueError: any other dtype.
    """
    name = str(dtype).removeprefix("torch.").removeprefix("q")
    if name not in TORCH_DTYPES:
        raise ValueError(f"dtype: got {dtype!r}, expected one of {', '.join(TORCH_DTYPES)}")
    return cast(Dtype, name)


def dtype_range(dtype: str | torch.dtype) -> tuple[int, int]:
    """Return the least and the greatest integer of a quantized dtype."""
    info = torch.iinfo(TORCH_DTYPES[dtype_name(dtype)])
    return int(info.min), int(info.max)
