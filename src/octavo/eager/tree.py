"""Walking and changing the tree of a model's modules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn
from torch.nn.utils.parametrize import type_before_parametrizations

OBSERVER = "activation_post_process"
BORDER = "border_observer"


def kind_of(module: nn.Module) -> type[nn.Module]:
    """Return a module's class, without what parametrizations make of it."""
    return type_before_parametrizations(module)  # type: ignore[return-value]


def join(prefix: str, key: str) -> str:
    """Return the full name of a child."""
    return f"{prefix}.{key}" if prefix else key


def children(module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """List a module's children, observers and parametrizations left out; a shared one under each of its names."""
    for key, child in list(module._modules.items()):
        if child is not None and key not in (OBSERVER, BORDER, "parametrizations"):
            yield key, child


def is_leaf(module: nn.Module) -> bool:
    """Tell whether a module has no children."""
    return next(children(module), None) is None


def observer_of(module: nn.Module) -> Any:
    """Return the observer or fake-quantize of a module's output; None where there is none."""
    observer = module._modules.get(OBSERVER)
    return None if isinstance(observer, nn.Identity) else observer


def qconfig_of(module: nn.Module) -> Any:
    """Return a module's own qconfig or None."""
    return getattr(module, "qconfig", None)


def device_of(module: nn.Module) -> torch.device | None:
    """Return the device of a module's first parameter or buffer."""
    for tensors in (module.parameters(), module.buffers()):
        for tensor in tensors:
            return tensor.device
    return None


def replace(root: nn.Module, change: Callable[[str, nn.Module], nn.Module | None]) -> nn.Module:
    """Replace modules of a tree, each once wherever it is shared; return the root or what takes its place.

    Args:
        root: changed in place.
        change: (full name, module) → what takes its place (its children are then left alone), or None to look at its
            children.
    """
    done: dict[int, tuple[nn.Module, nn.Module]] = {}

    def visit(name: str, module: nn.Module) -> nn.Module:
        if id(module) in done:
            return done[id(module)][1]
        new = change(name, module)
        done[id(module)] = (module, module if new is None else new)
        if new is None:
            for key, child in children(module):
                module._modules[key] = visit(join(name, key), child)
        return done[id(module)][1]

    return visit("", root)
