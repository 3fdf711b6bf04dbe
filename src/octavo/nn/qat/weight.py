"""What every module in training for 8 bits shares: a weight that passes through a fake-quantize."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn


class FakeQuantizedWeight:
    """Give a float layer a `weight_fake_quant`; mixed into a subclass of the float class.

    Attributes:
        qconfig: which fake-quantize modules are used.
        weight_fake_quant: rounds the weight to what its 8 bits can stand for.
    """

    qconfig: Any
    weight_fake_quant: nn.Module
    weight: Tensor
    bias: Tensor | None

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
        self.qconfig = qconfig
        self.weight_fake_quant = qconfig.weight()

    def take(self, mod: Any) -> None:
        """Share the parameters, the mode and the device of a float layer."""
        self.weight, self.bias = mod.weight, mod.bias
        assert isinstance(self, nn.Module)
        self.train(mod.training)
        self.to(mod.weight.device)

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
