"""Which modules are quantized how, by name, pattern and class."""

from __future__ import annotations

from torch import nn

from octavo.eager.module_classes import (
    get_default_dynamic_quant_module_mappings,
    get_default_qat_module_mappings,
    get_default_static_quant_module_mappings,
)
from octavo.eager.tree import kind_of
from octavo.nn.intrinsic import _FusedModule
from octavo.nn.stubs import DeQuantStub, QuantStub
from octavo.qconfig import QConfigMapping


def set_qconfig(model: nn.Module, qconfig_mapping: QConfigMapping) -> nn.Module:
    """Set `qconfig` on every layer of a model as a mapping says, in place, for the eager functions to read.

    Args:
        model: float, or fused.
        qconfig_mapping: by module name, regular expression, class or for all; None keeps a layer in float.

    Returns: the model.
    """
    known = (
        {*get_default_static_quant_module_mappings(), *get_default_dynamic_quant_module_mappings()}
        | {*get_default_qat_module_mappings(), QuantStub, DeQuantStub}
    )  # fmt: skip
    for name, module in model.named_modules():
        if kind_of(module) in known:
            kind = kind_of(module[0]) if isinstance(module, _FusedModule) else kind_of(module)
            module.qconfig = qconfig_mapping.resolve(name, kind)  # type: ignore[assignment]
    return model
