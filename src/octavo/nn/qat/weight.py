"""What every module in training for 8 bits shares: a weight that passes through a fake-quantize."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from octavo.fake_quantize import FakeQuantizeBase, LearnedFakeQuantize
from octavo.nn.fake_quantized import evaluated_qparams, plain, qparams_of, with_gradient
from octavo.nn.qat.integer_layer import integer_layer
from octavo.numerics import Qparams, is_symmetric


class FakeQuantizedWeight:
    """Give a float layer a `weight_fake_quant`; mixed into a subclass of the float class.

    In evaluation, where input and output have scales (both come from fake-quantize modules), the layer gives what the
    converted one does, bit for bit; the gradient is that of training.

    Attributes:
        ch_axis: the axis of the output's channels.
        rectified: whether a ReLU belongs to the layer.
        name: the layer's full name, as far as it is known; errors use it.
        qconfig: which fake-quantize modules are used.
        weight_fake_quant: rounds the weight to what its 8 bits can stand for.
    """

    name: str
    qconfig: Any
    weight_fake_quant: Any
    activation_post_process: Any
    weight: Tensor
    bias: Tensor | None
    training: bool
    ch_axis: ClassVar[int] = 1
    rectified: ClassVar[bool] = False

    def attach(self, qconfig: Any) -> None:
        """Make the weight's fake-quantize.

        Raises:
            ValueError: there is no qconfig.
        """
        if not qconfig:
            raise ValueError(
                f"{type(self).__name__}: got qconfig {qconfig!r}, expected a QConfig with fake-quantize modules, "
                "such as get_default_qat_qconfig('x86')"
            )
        self.name = ""
        self.qconfig = qconfig
        made = qconfig.weight()
        if isinstance(made, LearnedFakeQuantize) and made.ch_axis is not None:
            # The optimizer takes hold of the scales before a weight passes through.
            made.set_channels(self.rounded_shape()[made.ch_axis])
        self.weight_fake_quant = made

    def rounded_shape(self) -> torch.Size:
        """Return the shape in which the weight is rounded."""
        return self.weight.shape

    def take(self, layer: Any, mod: Any) -> None:
        """Share the parameters, the mode and the device of a float layer.

        Args:
            layer: the float layer.
            mod: the module that this one takes the place of: the layer, or a fused module that begins with it.
        """
        self.weight, self.bias = layer.weight, getattr(layer, "bias", None)
        self.name = getattr(mod, "name", "")
        self.weight_fake_quant.name = f"{self.name}.weight" if self.name else ""
        assert isinstance(self, nn.Module)
        self.train(mod.training)
        self.to(layer.weight.device)

    def rounded(self, weight: Tensor) -> Tensor:
        """Return a weight rounded; in evaluation by its range as it is now."""
        if not self.training and isinstance(self.weight_fake_quant, FakeQuantizeBase):
            self.weight_fake_quant.refresh(weight.detach())
        return self.weight_fake_quant(weight)

    def layer(self, input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Compute the float layer, without its ReLU."""
        raise NotImplementedError

    def computed(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Compute the layer, with its ReLU.

        Args:
            input: of the layer.
            weight: [out_channels, …], not rounded.
            bias: [out_channels] or None.
        """
        rounded, ranges = self.rounded(weight), self._ranges(input)
        if ranges is None:
            return self.activated(self.layer(input, rounded, bias))
        y = integer_layer(
            plain(input).detach(), weight.detach(), None if bias is None else bias.detach(), self.layer, *ranges,
            self.rectified, self.ch_axis, self.name or type(self).__name__,
        )  # fmt: skip
        if not torch.is_grad_enabled():
            return y
        real = self.activated(self.layer(input, rounded, bias))
        # Rounded here already, so that there is no gradient where the output is clamped.
        return with_gradient(y, self.activation_post_process(real))

    def activated(self, y: Tensor) -> Tensor:
        """Rectify, where a ReLU belongs to the layer."""
        return F.relu(y) if self.rectified else y

    def _ranges(self, input: Tensor) -> tuple[Qparams, Qparams, Qparams] | None:
        """Return the qparams of input, weight and output; None in training, and where one of them has none."""
        if self.training:
            return None
        x, w = qparams_of(input), evaluated_qparams(self.weight_fake_quant)
        y = evaluated_qparams(getattr(self, "activation_post_process", None))
        if x is None or w is None or y is None or y.ch_axis is not None:
            return None
        return (x, w, y) if is_symmetric(w.qscheme) and w.dtype == "int8" else None

    def folded_weight_bias(self) -> tuple[Tensor, Tensor | None]:
        """Return the float weight and bias that conversion quantizes."""
        return self.weight.detach(), None if self.bias is None else self.bias.detach()


def qconfig_of(mod: Any, wanted: type[nn.Module]) -> Any:
    """Return a float module's qconfig.

    Raises:
        TypeError: the module is of another class.
        ValueError: it has no qconfig.
    """
    if type(mod) is not wanted:
        raise TypeError(f"from_float: got a {type(mod).__name__}, expected a {wanted.__name__}")
    qconfig = getattr(mod, "qconfig", None)
    if not qconfig:
        raise ValueError(f"from_float: this {wanted.__name__} has no qconfig; set mod.qconfig, or call prepare_qat")
    return qconfig
