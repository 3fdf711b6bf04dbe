"""Modules named after the layers of a graph: nested as in the model, so that parameters keep their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn


class Part(nn.Module):
    """Hold the constants of one node; others may be nested in it.

    Args:
        constants: role to tensor; copied.
        held: parameters that there are, by the memory that they were copied from; new ones are added.
        trains: whether they get gradients.
        kind: of the layer, for people to read.
    """

    def __init__(
        self, constants: Mapping[str, Tensor], held: dict[Any, nn.Parameter], trains: bool = False, kind: str = ""
    ) -> None:
        super().__init__()
        self._kind = kind
        self._roles = tuple(constants)
        for role, tensor in constants.items():
            if tensor.is_floating_point():
                self.register_parameter(role, copied(tensor, held, trains))
            else:
                self.register_buffer(role, tensor.detach().clone())

    def _get_name(self) -> str:
        return self._kind or "Module"

    def tensors(self) -> dict[str, Tensor]:
        """Return the constants as they are now, by role."""
        return {role: getattr(self, role) for role in self._roles}


def copied(tensor: Tensor, held: dict[Any, nn.Parameter], trains: bool) -> nn.Parameter:
    """Return a parameter that is a copy of a tensor, the same one for the same memory."""
    key = tensor.data_ptr(), tuple(tensor.shape), tensor.stride(), tensor.dtype
    if key not in held:
        held[key] = nn.Parameter(tensor.detach().clone(memory_format=torch.contiguous_format), requires_grad=trains)
    return held[key]


def place_of(name: str) -> list[str]:
    """Return where a layer's module stands in the tree."""
    return name.split(".")


def attach(root: nn.Module, place: list[str], module: nn.Module | None = None) -> nn.Module:
    """Put a module at a place of the tree and return it; None: return what is there, an empty Part at least.

    An attribute of the modules around it is never hidden: `forward` becomes `forward_`.
    """
    around = root
    for index, wanted in enumerate(place):
        last = index == len(place) - 1
        name = wanted
        while hasattr(around, name) and name not in around._modules:
            name += "_"
        if name not in around._modules or (last and module is not None):
            around.add_module(name, module if last and module is not None else Part({}, {}))
        found = around._modules[name]
        assert found is not None
        around = found
    return around
