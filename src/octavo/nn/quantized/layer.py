"""A layer with weights in 8 bits: what linear and every convolution share."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from octavo.nn.quantized.base import QuantizedLayer
from octavo.nn.quantized.int8_weight import Int8Weight
from octavo.numerics import quantize_bias, raise_weight_scale
from octavo.program import Value


class WeightedLayer(Int8Weight, QuantizedLayer):
    """Hold int8 weights and the qparams of the output; the bias is rounded to int32 for each input scale.

    Attributes:
        qweight, weight_scale, float_bias: see `Int8Weight`.
        scale, zero_point, dtype: of the output.
    """

    def __init__(self, weight_shape: tuple[int, ...], out_channels: int, bias: bool) -> None:
        super().__init__()
        self._hold(weight_shape, out_channels, bias)

    def take(self, mod: nn.Module, weight: Tensor, bias: Tensor | None) -> None:
        """Take the weight, quantized, and the output's qparams of a float module; see `take_weight`."""
        self.take_weight(mod, weight, bias)
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
