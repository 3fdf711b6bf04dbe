"""What every float fused module is: its parts, one after the other, to be quantized as one layer."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor, nn
from torch.nn.utils.parametrize import type_before_parametrizations

from octavo.nn.folding import fold


class _FusedModule(nn.Sequential):
    """Run parts one after the other; preparing and converting treat them as one layer.

    Attributes:
        parts: the class of each part; a subclass of it may compute something else, and is refused.

    Raises:
        TypeError: a part is of another class.
    """

    parts: ClassVar[tuple[type[nn.Module], ...]]

    def __init__(self, *modules: Any) -> None:
        got = tuple(type_before_parametrizations(module) for module in modules)
        if got != self.parts:
            raise TypeError(f"{type(self).__name__}: got {_names(got)}, expected {_names(self.parts)}")
        super().__init__(*modules)


class _NormFused(_FusedModule):
    """Begin with a layer and its batch norm."""

    def folded_weight_bias(self) -> tuple[Tensor, Tensor]:
        """Return the layer's float weight and bias with the batch norm's running statistics folded in."""
        layer: Any = self[0]
        bias = None if layer.bias is None else layer.bias.detach()
        weight, bias = fold(layer.weight.detach(), bias, self[1])
        return weight.detach(), bias.detach()


def _names(classes: tuple[type[nn.Module], ...]) -> str:
    return f"({', '.join(cls.__name__ for cls in classes)})"
