"""Quantization parameters: what ties integers to the real numbers that they stand for."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from octavo.numerics.dtypes import Dtype, dtype_name, dtype_range
from octavo.numerics.qscheme import Qscheme, has_float_zero_point, is_per_channel, is_symmetric, qscheme_name


@dataclass(frozen=True, eq=False)
class Qparams:
    """Hold the parameters of the affine map `real = scale · (q − zero_point)`.

    Args:
        scale: [] or [channels] float32, finite and > 0.
        zero_point: int32 of scale's shape, each in [quant_min, quant_max]; float32 and finite where the qscheme is
            `"per_channel_affine_float_qparams"`: real 0 then need not be exact.
        quant_min: the least integer used, in the dtype's range.
        quant_max: the greatest integer used, > quant_min.
        dtype: `"uint8"`, `"int8"` or `"int32"`.
        qscheme: one of `Qscheme`.
        ch_axis: the axis that scale runs along; None per tensor.

    Raises:
        ValueError: the fields do not fit each other.
    """

    scale: torch.Tensor
    zero_point: torch.Tensor
    quant_min: int
    quant_max: int
    dtype: Dtype = "uint8"
    qscheme: Qscheme = "per_tensor_affine"
    ch_axis: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", dtype_name(self.dtype))
        object.__setattr__(self, "qscheme", qscheme_name(self.qscheme))
        check_quant_range(self.dtype, self.quant_min, self.quant_max)
        self._check_shapes()
        self._check_values()

    def _check_shapes(self) -> None:
        rank = 1 if is_per_channel(self.qscheme) else 0
        if (self.ch_axis is not None) != bool(rank):
            expected = "an axis" if rank else "None"
            raise ValueError(f"ch_axis: got {self.ch_axis} with qscheme {self.qscheme!r}, expected {expected}")
        if self.scale.dtype != torch.float32 or self.scale.dim() != rank:
            raise ValueError(
                f"scale: got {tuple(self.scale.shape)} {self.scale.dtype}, "
                f"expected {'[channels]' if rank else '[]'} torch.float32 for {self.qscheme}"
            )
        dtype = torch.float32 if has_float_zero_point(self.qscheme) else torch.int32
        if self.zero_point.dtype != dtype or self.zero_point.shape != self.scale.shape:
            raise ValueError(
                f"zero_point: got {tuple(self.zero_point.shape)} {self.zero_point.dtype}, "
                f"expected the scale's shape {tuple(self.scale.shape)}, {dtype}"
            )

    def _check_values(self) -> None:
        bad = ~(torch.isfinite(self.scale) & (self.scale > 0))
        if bool(bad.any()):
            raise ValueError(f"scale: got {self.scale[bad].flatten()[0].item()}, expected finite numbers > 0")
        if has_float_zero_point(self.qscheme):
            if not bool(torch.isfinite(self.zero_point).all()):
                raise ValueError(f"zero_point: got {self.zero_point.tolist()}, expected finite numbers")
            return
        outside = (self.zero_point < self.quant_min) | (self.zero_point > self.quant_max)
        if bool(outside.any()):
            got = self.zero_point[outside].flatten()[0].item()
            raise ValueError(f"zero_point: got {got}, expected integers in [{self.quant_min}, {self.quant_max}]")
        middle = symmetric_zero_point(self.quant_min, self.quant_max)
        if is_symmetric(self.qscheme) and bool((self.zero_point != middle).any()):
            raise ValueError(f"zero_point: got {self.zero_point.tolist()} with {self.qscheme}, expected {middle}")


def check_quant_range(dtype: Dtype, quant_min: int, quant_max: int) -> None:
    """Refuse a range of integers that is empty or leaves the dtype.

    Raises:
        ValueError: unless the dtype's least ≤ quant_min < quant_max ≤ the dtype's greatest integer.
    """
    low, high = dtype_range(dtype)
    if not low <= quant_min < quant_max <= high:
        raise ValueError(
            f"quant_min, quant_max: got {quant_min}, {quant_max}, "
            f"expected {low} <= quant_min < quant_max <= {high} for {dtype}"
        )


def symmetric_zero_point(quant_min: int, quant_max: int) -> int:
    """Return the zero_point of a symmetric scheme: 0 for int8 in [−128, 127] or [−127, 127], 128 for uint8."""
    return (quant_min + quant_max + 1) // 2
