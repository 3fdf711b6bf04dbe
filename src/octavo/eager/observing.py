"""Observers on the outputs of the modules that will have 8 bits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from octavo.eager import hooks
from octavo.eager.module_classes import no_observer_set
from octavo.eager.transformer import call_parts
from octavo.eager.tree import OBSERVER, children, device_of, join, kind_of, observer_of, qconfig_of, replace
from octavo.fake_quantize import FakeQuantizeBase
from octavo.nn.float_functional import FloatFunctional
from octavo.nn.intrinsic import _FusedModule
from octavo.nn.qat.weight import FakeQuantizedWeight
from octavo.nn.stubs import DeQuantStub

_UNROUNDED = (DeQuantStub, nn.Dropout, nn.ReLU6)
"""Classes that give integers of their input's qparams, or float: no range of theirs is asked for."""


@dataclass
class Observing:
    """Put observers on a model.

    Args:
        classes: those whose output is observed.
        custom: float class → observed class, made by its `from_float`.
        fixed: class → what makes the observer of its output in training, where its range is known.

    Attributes:
        places: full names of what is observed.
    """

    classes: set[type[nn.Module]]
    custom: Mapping[Any, Any] = field(default_factory=dict)
    fixed: Mapping[Any, Callable[[], nn.Module]] = field(default_factory=dict)
    places: list[str] = field(default_factory=list)

    def attach(self, model: nn.Module) -> nn.Module:
        """Attach them in place; return the model, or what takes its place."""
        return call_parts(replace(model, self._visit))

    def _visit(self, name: str, module: nn.Module) -> nn.Module | None:
        kind, qconfig = kind_of(module), qconfig_of(module)
        if isinstance(module, nn.MultiheadAttention) and kind not in self.custom:
            # It reads its parts' weights itself; observers on the parts would see nothing.
            return module
        if qconfig is not None and kind in self.custom:
            observed = self.custom[kind].from_float(module)
            observed.qconfig = qconfig
            if isinstance(observed, tuple(no_observer_set())):
                self._observe_parts(name, observed)
            else:
                self._insert(name, observed, qconfig.activation)
            self.places.append(name)
            return observed
        if kind in self.classes or isinstance(module, _FusedModule):
            if qconfig is not None and kind not in _UNROUNDED:
                self._insert(name, module, qconfig.activation)
            return module
        if qconfig is not None and module.training and kind in self.fixed:
            self._insert(name, module, self.fixed[kind])
        return None

    def _observe_parts(self, name: str, observed: nn.Module) -> None:
        for part in observed.modules():
            part.qconfig = observed.qconfig
        for key, child in children(observed):
            inside = join(name, key)
            observed._modules[key] = replace(
                child, lambda path, part, inside=inside: self._visit(join(inside, path) if path else inside, part)
            )

    def _insert(self, name: str, module: nn.Module, make: Callable[[], nn.Module]) -> None:
        self.places.append(name)
        if observer_of(module) is not None:
            return
        observer: Any = make()
        observer.name = name
        device = device_of(module)
        if device is not None:
            observer.to(device)
        module.add_module(OBSERVER, observer)
        if isinstance(module, FloatFunctional):
            return
        if is_memoryless(observer):
            module.register_forward_pre_hook(hooks.observe_input, prepend=True)
        else:
            if isinstance(observer, FakeQuantizeBase) and not isinstance(module, FakeQuantizedWeight):
                module.register_forward_pre_hook(hooks.take_plain)
            module.register_forward_hook(hooks.observe_output, prepend=True)


def is_memoryless(observer: Any) -> bool:
    """Tell whether an observer looks at one tensor at a time: those of dynamic quantization, which see the input."""
    inner = getattr(observer, OBSERVER, observer)
    return bool(getattr(inner, "is_dynamic", False)) or getattr(inner, "averaging_constant", None) == 1
