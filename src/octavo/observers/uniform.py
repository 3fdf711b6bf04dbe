"""The settings of uniform quantization, and from a range to qparams."""

from __future__ import annotations

import math
from abc import ABC
from collections.abc import Mapping
from typing import Any, ClassVar

import torch

from octavo.numerics import (
    DEFAULT_EPS,
    Dtype,
    Qparams,
    Qscheme,
    affine_qparams,
    check_quant_range,
    choose_qparams,
    default_quant_range,
    dtype_name,
    has_float_zero_point,
    is_symmetric,
    qscheme_name,
)
from octavo.observers.base import ObserverBase


class UniformQuantizationObserverBase(ObserverBase, ABC):
    """Hold the settings of an affine map; a subclass has `forward` and `calculate_qparams`.

    Args:
        dtype: `"uint8"` or `"int8"`, or the torch dtype (torch.quint8 and torch.qint8 too).
        qscheme: one that the observer supports, by name or as the torch object.
        reduce_range: whether to use one bit less: halves of quant_min and quant_max. Only for a machine that needs it;
            this library's does not.
        quant_min: the least integer to use; default: all of the dtype. A symmetric int8 range begins at −127 also
            where −128 is given: −128 stands for no number of the range.
        quant_max: the greatest integer to use.
        factory_kwargs: `{"device": …}` for the buffers; they are float32.
        eps: the least scale.
        is_dynamic: see `ObserverBase`.

    Attributes:
        ch_axis: the axis of the channels; None per tensor.

    Raises:
        ValueError: a setting is unknown or does not fit the others.
    """

    qschemes: ClassVar[tuple[str, ...]] = ("per_tensor_affine", "per_tensor_symmetric")
    dtype: Dtype
    qscheme: Qscheme

    def __init__(
        self,
        dtype: str | torch.dtype = "uint8",
        qscheme: str | torch.qscheme = "per_tensor_affine",
        reduce_range: bool = False,
        quant_min: int | None = None,
        quant_max: int | None = None,
        factory_kwargs: Mapping[str, Any] | None = None,
        eps: float = DEFAULT_EPS,
        is_dynamic: bool = False,
        ch_axis: int | None = None,
    ) -> None:
        super().__init__(dtype, is_dynamic)
        self.dtype = dtype_name(dtype)
        self.qscheme = qscheme_name(qscheme)
        self.ch_axis = ch_axis
        if self.qscheme not in self.qschemes:
            raise ValueError(
                f"{type(self).__name__}: got qscheme {self.qscheme!r}, expected one of {', '.join(self.qschemes)}"
            )
        self.reduce_range = reduce_range
        self._set_quant_range(quant_min, quant_max)
        if not 0.0 < eps < math.inf:
            raise ValueError(f"eps: got {eps}, expected a finite number > 0")
        self.eps = eps
        self.device = _device(factory_kwargs)

    def _set_quant_range(self, quant_min: int | None, quant_max: int | None) -> None:
        low, high = default_quant_range(self.dtype, "per_tensor_affine")
        low, high = low if quant_min is None else quant_min, high if quant_max is None else quant_max
        if self.reduce_range:
            low, high = low // 2, high // 2
        if self.dtype == "int8" and is_symmetric(self.qscheme) and low == -high - 1:
            low = -high
        check_quant_range(self.dtype, low, high)
        self.quant_min, self.quant_max = low, high

    def choose(self, low: torch.Tensor, high: torch.Tensor) -> Qparams:
        """Choose qparams that cover [low, high].

        Raises:
            ValueError: see `choose_qparams`.
        """
        return choose_qparams(
            low, high, self.dtype, self.qscheme, self.quant_min, self.quant_max, self.eps, self.ch_axis
        )

    def qparams(self) -> Qparams:
        """Return what `calculate_qparams` says, with the settings that belong to it."""
        scale, zero_point = self.estimate()
        return Qparams(scale, zero_point, self.quant_min, self.quant_max, self.dtype, self.qscheme, self.ch_axis)

    def estimate(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what `calculate_qparams` says, in the shapes and dtypes of Qparams."""
        scale, zero_point = self.calculate_qparams()
        shape = () if self.ch_axis is None else (-1,)
        dtype = torch.float32 if has_float_zero_point(self.qscheme) else torch.int32
        return scale.float().reshape(shape), zero_point.to(dtype).reshape(shape)

    def _calculate_qparams(self, min_val: torch.Tensor, max_val: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute (scale, zero_point) of a range without looking at its numbers; custom observers call it."""
        return affine_qparams(min_val, max_val, self.qscheme, self.quant_min, self.quant_max, self.eps)

    def extra_repr(self) -> str:
        """Show the settings."""
        return f"{self.dtype}, {self.qscheme}, [{self.quant_min}, {self.quant_max}]"


def _device(factory_kwargs: Mapping[str, Any] | None) -> torch.device | None:
    """Read the device off factory_kwargs; refuse what observers do not have."""
    settings = dict(factory_kwargs or {})
    device, dtype = settings.pop("device", None), settings.pop("dtype", None)
    if settings or dtype not in (None, torch.float32):
        raise ValueError(f"factory_kwargs: got {dict(factory_kwargs or {})}, expected a device; ranges are float32")
    return None if device is None else torch.device(device)
