"""Put modules in the place of others."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from octavo.eager.hooks import carry_hooks, remove_observing
from octavo.eager.transformer import call_parts
from octavo.eager.tree import BORDER, OBSERVER, device_of, kind_of, observer_of, qconfig_of, replace
from octavo.nn.float_functional import FloatFunctional
from octavo.nn.intrinsic import _FusedModule
from octavo.nn.module import QuantizedModule
from octavo.nn.output import QuantizedOutput

Chosen = Mapping[int, tuple[str, nn.Module]]
"""id of a module → its full name and the module."""


@dataclass(frozen=True)
class Tables:
    """Say what takes the place of which class.

    Args:
        mapping: class → class with `from_float`.
        custom: observed class → class with `from_observed`.
        use_precomputed_fake_quant: handed to `from_float`.
    """

    mapping: Mapping[Any, Any]
    custom: Mapping[Any, Any] = field(default_factory=dict)
    use_precomputed_fake_quant: bool = False

    def target(self, module: nn.Module) -> Any:
        """Return the class that takes a module's place; None where it stays."""
        if qconfig_of(module) is None:
            return None
        kind = kind_of(module)
        return self.custom.get(kind) or self.mapping.get(kind)

    def make(self, module: nn.Module) -> Any:
        """Return what takes a module's place; its own forward hooks are carried over."""
        target = self.target(module)
        if kind_of(module) in self.custom:
            new = target.from_observed(module)
        elif "use_precomputed_fake_quant" in inspect.signature(target.from_float).parameters:
            new = target.from_float(module, use_precomputed_fake_quant=self.use_precomputed_fake_quant)
        else:
            new = target.from_float(module)
        if isinstance(new, QuantizedModule):
            new.take_border(module)
        carry_hooks(module, new)
        new.training = module.training
        device = device_of(module)
        return new if device is None else new.to(device)


def swap_module(
    mod: nn.Module,
    mapping: Mapping[Any, Any],
    custom_module_class_mapping: Mapping[Any, Any] | None = None,
    use_precomputed_fake_quant: bool = False,
) -> nn.Module:
    """Return what takes a module's place; the module itself where its qconfig is None or no table has its class.

    Args:
        mod: with a qconfig; its forward hooks, but those that observe, are carried over.
        mapping: class → class with `from_float`.
        custom_module_class_mapping: observed class → class with `from_observed`.
        use_precomputed_fake_quant: handed to `from_float`.
    """
    tables = Tables(mapping, custom_module_class_mapping or {}, use_precomputed_fake_quant)
    return mod if tables.target(mod) is None else tables.make(mod)


def choose(model: nn.Module, tables: Tables) -> Chosen:
    """Find what will be replaced; the parts of what is quantized as one layer stay with it."""
    chosen: dict[int, tuple[str, nn.Module]] = {}

    def visit(name: str, module: nn.Module) -> nn.Module | None:
        if tables.target(module) is not None:
            chosen[id(module)] = (name, module)
            return module
        # Attention reads its parts' weights itself.
        return module if isinstance(module, (_FusedModule, nn.MultiheadAttention)) else None

    replace(model, visit)
    return chosen


def swap(model: nn.Module, chosen: Chosen, tables: Tables) -> nn.Module:
    """Make all that is new, then put it into the model: where one cannot be made, the model stays as it was.

    Returns: the model, or what takes its place; each new module of ours has its full name as `name`.
    """
    made: dict[int, Any] = {}
    for key, (name, module) in chosen.items():
        _name(module, name)
        made[key] = tables.make(module)
        _name(made[key], name)
    return call_parts(replace(model, lambda name, module: made.get(id(module))))


def _name(module: nn.Module, name: str) -> None:
    named: Any = module
    # A class of the user's may have a `name` of its own.
    ours = isinstance(module, (QuantizedModule, QuantizedOutput))
    if ours or kind_of(module).__module__.startswith(("torch.nn.", "octavo.")):
        named.name = name


def remove_qconfig(model: nn.Module) -> None:
    """Remove every qconfig and observer, in place."""
    for module in list(model.modules()):
        module.__dict__.pop("qconfig", None)
        if observer_of(module) is not None:
            if isinstance(module, FloatFunctional):
                module.activation_post_process = nn.Identity()
            else:
                del module._modules[OBSERVER]
        module._modules.pop(BORDER, None)
        remove_observing(module)
