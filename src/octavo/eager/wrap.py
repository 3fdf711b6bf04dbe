"""Stubs around single modules."""

from __future__ import annotations

from torch import nn

from octavo.eager.tree import children, is_leaf, qconfig_of
from octavo.nn.stubs import QuantWrapper


def add_quant_dequant(module: nn.Module) -> nn.Module:
    """Put every leaf module that has a qconfig into a QuantWrapper, in place.

    Args:
        module: after `propagate_qconfig_`.

    Returns: the module; where it is a leaf with a qconfig, a wrapper around it.
    """
    if is_leaf(module) and qconfig_of(module) is not None:
        return QuantWrapper(module)
    for key, child in children(module):
        module._modules[key] = add_quant_dequant(child)
    return module
