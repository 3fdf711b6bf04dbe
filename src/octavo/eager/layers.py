"""What every layer of a model returns: to compare two forms of it layer by layer."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from octavo.eager.tree import OBSERVER, is_leaf
from octavo.nn.float_functional import FloatFunctional, QFunctional
from octavo.nn.intrinsic import _FusedModule


def layer_outputs(model: nn.Module, *args: Any, **kwargs: Any) -> dict[str, list[Any]]:
    """Run a model and keep what its layers return.

    Args:
        model: float, prepared or converted.
        args, kwargs: what it is called with.

    Returns: full name → what the layer returned at each call, a QTensor (`int_repr()`, `q_scale()`,
        `q_zero_point()`) where it has 8 bits. Layers are leaf modules, fused modules and float functionals.
    """
    outputs: dict[str, list[Any]] = {}

    def keep(name: str) -> Any:
        return lambda module, args, output: outputs.setdefault(name, []).append(output)

    handles = []
    for name, module in model.named_modules():
        if isinstance(module, (FloatFunctional, QFunctional)):
            handles.append(module._modules[OBSERVER].register_forward_hook(keep(name)))  # type: ignore[union-attr]
        elif (is_leaf(module) or isinstance(module, _FusedModule)) and OBSERVER not in name.split("."):
            handles.append(module.register_forward_hook(keep(name)))
    try:
        with torch.no_grad():
            model(*args, **kwargs)
    finally:
        for handle in handles:
            handle.remove()
    return outputs
