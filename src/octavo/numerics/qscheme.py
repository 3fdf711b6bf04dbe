"""The quantization schemes: per tensor or per channel, affine or symmetric, and one with a real zero_point."""

from __future__ import annotations

from typing import Literal, cast, get_args

import torch

Qscheme = Literal[
    "per_tensor_affine",
    "per_tensor_symmetric",
    "per_channel_affine",
    "per_channel_symmetric",
    "per_channel_affine_float_qparams",
]


def qscheme_name(qscheme: str | torch.qscheme) -> Qscheme:
    """Name a scheme, given by its name or by the torch object of that name.

    Raises:
        ValueError: any other scheme.
    """
    name = str(qscheme).removeprefix("torch.")
    if name not in get_args(Qscheme):
        raise ValueError(f"qscheme: got {qscheme!r}, expected one of {', '.join(get_args(Qscheme))}")
    return cast(Qscheme, name)


def is_per_channel(qscheme: Qscheme) -> bool:
    """Tell whether each channel has a scale and zero_point of its own."""
    return qscheme.startswith("per_channel")


def is_symmetric(qscheme: Qscheme) -> bool:
    """Tell whether the zero_point is fixed at the middle of the quantized range."""
    return qscheme.endswith("symmetric")


def has_float_zero_point(qscheme: Qscheme) -> bool:
    """Tell whether the zero_point is a real number, as the rows of an embedding have it."""
    return qscheme == "per_channel_affine_float_qparams"
