"""A layer with weights in 8 bits: what linear and every convolution share."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from octavo.fake_quantize import FakeQuantizeBase
from octavo.nn.errors import QuantizationError
from octavo.nn.qtensor import QTensor
from octavo.nn.quantized.base import QuantizedLayer
from octavo.numerics import Qparams, quantize, quantize_bias, raise_weight_scale
from octavo.program import Value


class WeightedLayer(QuantizedLayer):
    """Hold int8 weights, their scales and a float bias; the bias is rounded to int32 for each input scale.

    Attributes:
        qweight: int8 in [−127, 127], of the float module's weight's shape.
        weight_scale: [out_channels] float32.
        float_bias: [out_channels] float32, or None.
        scale, zero_point, dtype: of the output.
    """

    weight_ch_axis = 0

    qweight: Tensor
    weight_scale: Tensor
    float_bias: Tensor | None

    def __init__(self, weight_shape: tuple[int, ...], out_channels: int, bias: bool) -> None:
        super().__init__()
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

    def take(self, mod: nn.Module, weight: Tensor, bias: Tensor | None) -> None:
        """Quantize a float module's weight by its qconfig or trained fake-quantize, and take its output's qparams.

        Args:
            mod: the float or QAT module that this one takes the place of.
            weight: its float weight, batch norm folded in.
            bias: its float bias, batch norm folded in.
        """
        qparams = weight_qparams(mod, weight, self.weight_ch_axis)
        self.store(quantize(weight.detach().float(), qparams), qparams.scale.detach(), bias)
        self.take_output(mod)

    def layer_constants(self, x: Value) -> dict[str, np.ndarray]:
        """Return weight, int32 bias and weight_scale of the program's operator for an input of these qparams."""
        weight, scale = self.constant("qweight"), self.constant("weight_scale")
        assert weight is not None and scale is not None and x.scale is not None
        given = self.constant("float_bias")
        bias = torch.zeros_like(scale) if given is None else given
        # A channel that is all but zero has so small a scale that its bias overflows.
        weight, scale = raise_weight_scale(weight, scale, bias, x.scale)
        q_bias = quantize_bias(bias, x.scale, scale, self.name or self._get_name())
        return {"weight": weight.numpy(), "bias": q_bias.numpy(), "weight_scale": scale.numpy()}


def weight_qparams(mod: Any, weight: Tensor, ch_axis: int) -> Qparams:
    """Choose a weight's qparams as the module's trained fake-quantize or its qconfig says; int8, symmetric."""
    if not bool(torch.isfinite(weight).all()):
        raise QuantizationError(
            f"module '{getattr(mod, 'name', '')}' ({type(mod).__name__}): its weight, batch norm folded in, is NaN or "
            "infinite in places. Remedy: go back to a state before training diverged; check data and learning rate"
        )
    observer = getattr(mod, "weight_fake_quant", None)
    if isinstance(observer, FakeQuantizeBase):
        observer.refresh(weight.detach().float())
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
        observer(weight.detach().float())
    qparams = observer.qparams()
    if qparams.dtype != "int8" or bool((qparams.zero_point != 0).any()):
        raise ValueError(
            f"weight observer {type(observer).__name__}: got {qparams.dtype}, {qparams.qscheme}; expected int8, "
            "symmetric. Remedy: give QConfig(weight=…) an observer with dtype=torch.qint8 and a symmetric qscheme"
        )
    return qparams
