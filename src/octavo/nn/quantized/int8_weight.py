"""Int8 weights of modules, quantized as their qconfig's weight observer or their training says."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from octavo.fake_quantize import FakeQuantizeBase
from octavo.nn.errors import QuantizationError
from octavo.nn.module import QuantizedModule
from octavo.nn.qtensor import QTensor
from octavo.numerics import Qparams, quantize


class Int8Weight(QuantizedModule):
    """Hold int8 weights, their scales and a float bias, for a module that says what it computes with them.

    Attributes:
        qweight: int8 in [−127, 127], of the float module's weight's shape.
        weight_scale: [out_channels] float32.
        float_bias: [out_channels] float32, or None.
    """

    weight_ch_axis = 0

    qweight: Tensor
    weight_scale: Tensor
    float_bias: Tensor | None

    def _hold(self, weight_shape: tuple[int, ...], out_channels: int, bias: bool) -> None:
        """Register the buffers: zeros, with scales of 1."""
        self.register_buffer("qweight", torch.zeros(weight_shape, dtype=torch.int8))
        self.register_buffer("weight_scale", torch.ones(out_channels))
        self.register_buffer("float_bias", torch.zeros(out_channels) if bias else None)
        self._refresh()

    def set_weight_bias(self, w: QTensor, b: Tensor | None) -> None:
        """Replace weight and bias.

        Args:
            w: a QTensor of int8, symmetric, per tensor or per output channel, of the weight's shape.
            b: [out_channels] float32, or None.
        """
        self.store(w.int_repr(), w.qparams.scale, b)

    def store(self, q: Tensor, scale: Tensor, b: Tensor | None) -> None:
        """Replace qweight, weight_scale and float_bias; scale is [] or [out_channels] float32."""
        # −128 has no opposite: the integers of a weight end at −127.
        self.qweight = q.detach().clamp(min=-127)
        self.weight_scale = scale.expand(self.weight_scale.shape).contiguous().clone()
        self.float_bias = None if b is None else b.detach().float().clone()
        self._refresh()

    def weight(self) -> QTensor:
        """Return the weight: int8, symmetric, per output channel."""
        return QTensor(self.qweight, self.weight_scale, torch.zeros_like(self.weight_scale).int(), self.weight_ch_axis)

    def bias(self) -> Tensor | None:
        """Return the float bias."""
        return self.float_bias

    def take_weight(self, mod: Any, weight: Tensor, bias: Tensor | None) -> None:
        """Quantize a float weight by the module's qconfig or trained fake-quantize.

        Args:
            mod: the float or QAT module that this one takes the place of.
            weight: its float weight, batch norm folded in.
            bias: its float bias, batch norm folded in.
        """
        self.store(*int8_weight(mod, weight, self.weight_ch_axis), bias)


def int8_weight(mod: Any, weight: Tensor, ch_axis: int = 0) -> tuple[Tensor, Tensor]:
    """Quantize a float weight.

    Args:
        mod: has the qconfig, or a trained `weight_fake_quant`.
        weight: [out_channels, …] float.
        ch_axis: the axis of the output channels.

    Returns: integers in [−127, 127] of weight's shape, and [out_channels] float32 scales.
    """
    real = weight.detach().float()
    qparams = _weight_qparams(mod, real, ch_axis)
    return quantize(real, qparams).clamp(min=-127), qparams.scale.detach().expand(real.shape[ch_axis]).contiguous()


def _weight_qparams(mod: Any, weight: Tensor, ch_axis: int) -> Qparams:
    """Choose a weight's qparams as the module's trained fake-quantize or its qconfig says; int8, symmetric."""
    if not bool(torch.isfinite(weight).all()):
        raise QuantizationError(
            f"module '{getattr(mod, 'name', '')}' ({type(mod).__name__}): its weight, batch norm folded in, is NaN or "
            "infinite in places. Remedy: go back to a state before training diverged; check data and learning rate"
        )
    observer = getattr(mod, "weight_fake_quant", None)
    if isinstance(observer, FakeQuantizeBase):
        observer.refresh(weight)
    if observer is None:
        if getattr(mod, "qconfig", None) is None:
            raise QuantizationError(
                f"module '{getattr(mod, 'name', '')}' ({type(mod).__name__}): it has no qconfig, which says how its "
                "weight is quantized. Remedy: set its qconfig before prepare"
            )
        observer = mod.qconfig.weight()
        observer.name = getattr(mod, "name", "")
        if getattr(observer, "ch_axis", None) not in (None, -1):
            observer.ch_axis = ch_axis
        observer(weight)
    qparams = observer.qparams()
    if qparams.dtype != "int8" or bool((qparams.zero_point != 0).any()):
        raise ValueError(
            f"weight observer {type(observer).__name__}: got {qparams.dtype}, {qparams.qscheme}; expected int8, "
            "symmetric. Remedy: give QConfig(weight=…) an observer with dtype=torch.qint8 and a symmetric qscheme"
        )
    return qparams
