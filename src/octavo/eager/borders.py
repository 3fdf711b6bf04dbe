"""Define-by-run: every layer finds the range of its own input, so that float tensors may come to it from anywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from octavo.eager import hooks
from octavo.eager.module_classes import no_observer_set
from octavo.eager.tree import BORDER, device_of, observer_of, qconfig_of
from octavo.nn.module import QuantizedModule
from octavo.nn.observed import has_qparams


def observe_borders(model: nn.Module, target_of: Callable[[nn.Module], Any]) -> None:
    """Put an observer on the input of every observed module that will compute in 8 bits, in place.

    Args:
        model: its outputs are observed already.
        target_of: tells what takes the place of a module.
    """
    for name, module in list(model.named_modules()):
        target = target_of(module)
        if observer_of(module) is None or not (isinstance(target, type) and issubclass(target, QuantizedModule)):
            continue
        observer: Any = qconfig_of(module).activation()
        observer.name = f"{name} (input)"
        device = device_of(module)
        module.add_module(BORDER, observer if device is None else observer.to(device))
        module.register_forward_pre_hook(hooks.observe_border, prepend=True, with_kwargs=True)


def leave_unseen(model: nn.Module) -> frozenset[str]:
    """Keep the modules that never ran while calibrating in float, in place; return their names."""
    unseen = [
        (name, module)
        for name, module in model.named_modules()
        if BORDER in module._modules and not has_qparams(module._modules[BORDER])
    ]
    for _, module in unseen:
        module.qconfig = None  # type: ignore[assignment]
    names = frozenset(name for name, _ in unseen)
    for name, module in model.named_modules():
        if isinstance(module, tuple(no_observer_set())) and any(unseen.startswith(f"{name}.") for unseen in names):
            # All of its parts stay in float with it.
            for part in module.modules():
                part.qconfig = None  # type: ignore[assignment]
    return names
