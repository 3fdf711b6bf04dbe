"""A tensor of integers that stand for real numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, cast

import numpy as np
import torch
from torch import Tensor

from octavo.nn.fallback import OF_THE_WRAPPER, on_floats
from octavo.numerics import Qparams, dequantize, dtype_name, quantize
from octavo.numerics.qscheme import Qscheme
from octavo.ops import operators
from octavo.program import Value

_NAMES = {torch.uint8: "uint8", torch.int8: "int8", torch.int32: "int32"}


class QTensor(Tensor):
    """Hold 8-bit integers with their scale and zero_point: `real = scale · (q − zero_point)`.

    To the rest of PyTorch it is a float32 tensor. Functions whose meaning on integers is known (`QTensor.functions`)
    stay in integers; every other one gets `dequantize()`, and that conversion is counted (`octavo.nn.conversions`).
    It carries no gradient.

    Args:
        data: uint8 or int8 (int32 for a bias), any shape and strides.
        scale: > 0; a number, or float32 [channels] with ch_axis.
        zero_point: in data's range; an integer, or integers [channels] with ch_axis; real numbers for a table's rows.
        ch_axis: the axis that scale and zero_point vary along; None per tensor.

    Raises:
        TypeError: data is of another dtype.
    """

    functions: ClassVar[dict[Any, Callable[..., Any]]] = {}
    """PyTorch function → its form on integers; NotImplemented from it means: dequantize."""

    _data: Tensor
    _value: Value | None
    _scales: Any
    _zero_points: Any
    _ch_axis: int | None

    @staticmethod
    def __new__(cls, data: Tensor, scale: Any, zero_point: Any, ch_axis: int | None = None) -> QTensor:
        if data.dtype not in _NAMES:
            raise TypeError(f"QTensor: data is {data.dtype}, expected torch.uint8 or torch.int8")
        self = Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
            cls, data.shape, strides=data.stride(), dtype=torch.float32, device=data.device, requires_grad=False
        )
        if ch_axis is None:
            self._value = Value(_NAMES[data.dtype], float(np.float32(scale)), int(zero_point))
        else:
            self._value = None
            self._scales, self._zero_points = scale, zero_point
        self._data, self._ch_axis = data, ch_axis
        return self

    @classmethod
    def of(cls, data: Tensor, value: Value) -> QTensor:
        """Say that integers of a value's dtype stand for numbers as it says."""
        self = Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
            cls, data.shape, strides=data.stride(), dtype=torch.float32, device=data.device, requires_grad=False
        )
        self._data, self._value, self._ch_axis = data, value, None
        return self

    @classmethod
    def from_float(cls, x: Tensor, qparams: Qparams) -> QTensor:
        """Quantize a float tensor."""
        if qparams.ch_axis is None:
            return cls(quantize(x, qparams), float(qparams.scale), int(qparams.zero_point))
        return cls(quantize(x, qparams), qparams.scale, qparams.zero_point, qparams.ch_axis)

    def int_repr(self) -> Tensor:
        """Return the integers: a plain tensor that shares this one's memory."""
        return self._data

    def q_scale(self) -> float:
        """Return the scale of a per-tensor QTensor."""
        return cast(float, self.value.scale)

    def q_zero_point(self) -> int:
        """Return the zero_point of a per-tensor QTensor."""
        return cast(int, self.value.zero_point)

    def q_per_channel_scales(self) -> Tensor:
        """Return the scale of each channel."""
        self.q_per_channel_axis()
        return self._scales

    def q_per_channel_zero_points(self) -> Tensor:
        """Return the zero_point of each channel."""
        self.q_per_channel_axis()
        return self._zero_points

    def q_per_channel_axis(self) -> int:
        """Return the axis of the channels."""
        if self._ch_axis is None:
            raise RuntimeError("q_per_channel_axis: this QTensor has one scale; expected one quantized per channel")
        return self._ch_axis

    def qscheme(self) -> torch.qscheme:
        """Return how it is quantized."""
        return getattr(torch, self.qparams.qscheme)

    @property
    def qdtype(self) -> str:
        """The dtype of the integers, `uint8` or `int8`."""
        return _NAMES[self._data.dtype]

    @property
    def is_quantized(self) -> bool:  # type: ignore[override]
        """True."""
        return True

    @property
    def is_per_tensor(self) -> bool:
        """Whether one scale and zero_point hold for all elements."""
        return self._ch_axis is None

    @property
    def value(self) -> Value:
        """Dtype, scale and zero_point as a program declares them.

        Raises:
            TypeError: it has a scale for each channel.
        """
        if self._value is None:
            raise TypeError(
                f"QTensor of shape {list(self.shape)}: it has a scale for each channel of axis {self._ch_axis}, "
                "expected one scale. Remedy: per-channel scales are for weights; give activations a per-tensor qscheme"
            )
        return self._value

    def dequantize(self) -> Tensor:
        """Return the real numbers: a plain float32 tensor."""
        if self._value is not None:
            return operators.dequantize(self._data, self._value)
        return dequantize(self._data, self.qparams)

    @property
    def qparams(self) -> Qparams:
        """The qparams, with all of the dtype's range."""
        info = torch.iinfo(self._data.dtype)
        scale, zero_point = self._pair()
        scheme: Qscheme = "per_tensor_affine" if self._ch_axis is None else "per_channel_affine"
        scale = torch.as_tensor(scale, dtype=torch.float32)
        if isinstance(zero_point, Tensor) and zero_point.is_floating_point():
            scheme = "per_channel_affine_float_qparams"
        else:
            zero_point = torch.as_tensor(zero_point, dtype=torch.int32)
        return Qparams(scale, zero_point, info.min, info.max, dtype_name(self.qdtype), scheme, self._ch_axis)

    def _pair(self) -> tuple[Any, Any]:
        """Return (scale, zero_point): numbers, or tensors [channels]."""
        if self._value is not None:
            return self._value.scale, self._value.zero_point
        return self._scales, self._zero_points

    def with_data(self, data: Tensor) -> QTensor:
        """Return other integers with the same meaning."""
        if self._value is not None:
            return QTensor.of(data, self._value)
        return QTensor(data, self._scales, self._zero_points, self._ch_axis)

    def replace_data(self, data: Tensor) -> QTensor:
        """Put other integers in the place of these, as an in-place function does; views made before keep the old."""
        self._data = data
        return self

    def __repr__(self, **_: Any) -> str:
        real = repr(self.dequantize())[len("tensor(") : -1]
        scale, zero_point = self._pair()
        return f"QTensor({real}, dtype={self.qdtype}, scale={scale}, zero_point={zero_point})"

    def __deepcopy__(self, memo: dict[int, Any]) -> QTensor:
        copy = self.with_data(self._data.clone())
        memo[id(self)] = copy
        return copy

    def __reduce_ex__(self, protocol: Any) -> Any:
        return QTensor, (self._data, *self._pair(), self._ch_axis)

    def __tensor_flatten__(self) -> tuple[list[str], tuple[Any, Any, int | None]]:
        return ["_data"], (*self._pair(), self._ch_axis)

    @staticmethod
    def __tensor_unflatten__(inner: Mapping[str, Tensor], context: Any, size: Any, stride: Any) -> QTensor:
        return QTensor(inner["_data"], *context)

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        handler = cls.functions.get(func)
        if handler is not None:
            result = handler(*args, **kwargs)
            if result is not NotImplemented:
                return result
        name = getattr(func, "__name__", "")
        if name in OF_THE_WRAPPER or func in OF_THE_WRAPPER:
            with torch._C.DisableTorchFunctionSubclass():
                return func(*args, **kwargs)
        return on_floats(QTensor, func, name, args, kwargs)

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.aten.detach.default:
            return args[0].with_data(args[0].int_repr().detach())
        return on_floats(QTensor, func, str(func), args, kwargs or {})
