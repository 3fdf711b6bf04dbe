"""Models built with the stubs and fused modules of torch.ao: their modules become ours, known by name alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from octavo.eager.hooks import carry_hooks
from octavo.eager.tree import OBSERVER, join, kind_of, replace
from octavo.nn import intrinsic
from octavo.nn.errors import QuantizationError
from octavo.nn.float_functional import FloatFunctional, FXFloatFunctional
from octavo.nn.stubs import DeQuantStub, QuantStub

_FUSED = "torch.ao.nn.intrinsic.modules.fused"

_MADE_BY_OTHERS = (
    "torch.ao.nn.quantized.",
    "torch.ao.nn.quantizable.",
    "torch.ao.nn.qat.",
    "torch.ao.nn.intrinsic.qat.",
    "torch.ao.nn.intrinsic.quantized.",
    "torch.ao.quantization.observer.",
    "torch.ao.quantization.fake_quantize.",
)
"""What only torch.ao's own prepare and convert make."""


def adopt(model: nn.Module) -> nn.Module:
    """Replace the modules of torch.ao in a float model by ours, in place; hooks, mode and qconfig stay.

    Returns: the model, or what takes its place.

    Raises:
        QuantizationError: torch.ao has prepared or converted it.
    """
    return replace(model, _counterpart)


def _counterpart(name: str, module: nn.Module) -> nn.Module | None:
    make = _MAKERS.get(_qualified(module))
    suspects = {join(name, OBSERVER): module._modules.get(OBSERVER), **({} if make else {name: module})}
    for place, suspect in suspects.items():
        if _qualified(suspect).startswith(_MADE_BY_OTHERS):
            raise QuantizationError(
                f"module '{place}' is a {_qualified(suspect)}, which torch.ao made; expected a float model. Remedy: "
                "start from the model as it was before torch.ao prepared or converted it"
            )
    if make is None:
        return None
    ours = make(module)
    ours.training = module.training
    if "qconfig" in module.__dict__:
        ours.qconfig = module.qconfig
    carry_hooks(module, ours)
    return ours


def _qualified(module: nn.Module | None) -> str:
    kind = type(None) if module is None else kind_of(module)
    return f"{kind.__module__}.{kind.__qualname__}"


def _parts(fused: Callable[..., nn.Module]) -> Callable[[Any], nn.Module]:
    return lambda module: fused(*module.children())


_MAKERS: dict[str, Callable[[Any], nn.Module]] = {
    "torch.ao.quantization.stubs.QuantStub": lambda module: QuantStub(),
    "torch.ao.quantization.stubs.DeQuantStub": lambda module: DeQuantStub(),
    "torch.ao.nn.quantized.modules.functional_modules.FloatFunctional": lambda module: FloatFunctional(),
    "torch.ao.nn.quantized.modules.functional_modules.FXFloatFunctional": lambda module: FXFloatFunctional(),
    **{f"{_FUSED}.{name}": _parts(getattr(intrinsic, name)) for name in intrinsic.__all__},
    f"{_FUSED}.ConvAdd2d": lambda module: intrinsic.ConvAdd2d(module[0], module.add),
    f"{_FUSED}.ConvAddReLU2d": lambda module: intrinsic.ConvAddReLU2d(module[0], module.add, module.relu),
}
"""Qualified class name of torch.ao → what makes ours of it."""
