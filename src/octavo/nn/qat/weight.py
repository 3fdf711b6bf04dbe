"""What every module in training for 8 bits shares: a weight that passes through a fake-quantize."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from octavo.fake_quantize import FakeQuantizeBase, LearnedFakeQuantize
from octavo.nn.fake_quantized import qparams_of
from octavo.nn.observed import has_qparams
from octavo.numerics import least_weight_scale, quantize_bias


class FakeQuantizedWeight:
    """Give a float layer a `weight_fake_quant`; mixed into a subclass of the float class.

    In evaluation the bias is rounded too, to the accumulator's steps `s_x · s_w`, where the input comes from a
    fake-quantize module and s_x is known: the layer then gives what the converted one does.

    Attributes:
        name: the layer's full name, as far as it is known; errors use it.
        qconfig: which fake-quantize modules are used.
        weight_fake_quant: rounds the weight to what its 8 bits can stand for.
    """

    name: str
    qconfig: Any
    weight_fake_quant: Any
    weight: Tensor
    bias: Tensor | None
    training: bool

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
            made.set_channels(self.weight.shape[made.ch_axis])
        self.weight_fake_quant = made

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

    def rounded_bias(self, bias: Tensor | None, input: Tensor) -> Tensor | None:
        """Return a bias as the converted layer adds it: in evaluation rounded to steps of s_x · s_w.

        Args:
            bias: [out_channels] or None.
            input: of the layer; its scale is known where it comes from a fake-quantize module, else nothing is rounded.
        """
        x, observer = qparams_of(input), self.weight_fake_quant
        if bias is None or x is None or not isinstance(observer, FakeQuantizeBase) or self.training:
            return bias
        if not (observer.is_on("fake_quant_enabled") and has_qparams(observer)):
            return bias
        weight_scale = observer.qparams().scale.expand(bias.shape).maximum(least_weight_scale(bias, x.scale))
        steps = quantize_bias(bias, x.scale, weight_scale, self.name or type(self).__name__)
        real = (steps.double() * (x.scale.double() * weight_scale.double())).to(bias.dtype)
        return real + (bias - bias.detach()) if bias.requires_grad else real

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
