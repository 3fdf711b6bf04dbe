"""Modules named after the layers of a graph: nested as in the model, so that parameters keep their names."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor, nn


class Held:
    """Copy tensors of a model to parameters; what shares memory there shares a parameter here.

    Args:
        trains: whether the parameters get gradients.
        frozen: where the memory of those begins that get none all the same: buffers, and what does not train.
    """

    def __init__(self, trains: bool = False, frozen: Collection[int] = ()) -> None:
        self.trains = trains
        self._frozen = frozen
        self._parameters: dict[Any, nn.Parameter] = {}

    @staticmethod
    def key(tensor: Tensor) -> tuple[Any, ...]:
        """Return what tells tensors apart by the memory that they show."""
        return tensor.data_ptr(), tuple(tensor.shape), tensor.stride(), tensor.dtype

    def parameter(self, tensor: Tensor) -> nn.Parameter:
        """Return the parameter that is a copy of a tensor."""
        key = self.key(tensor)
        if key not in self._parameters:
            copied = tensor.detach().clone(memory_format=torch.contiguous_format)
            trains = self.trains and tensor.data_ptr() not in self._frozen
            self._parameters[key] = nn.Parameter(copied, requires_grad=trains)
        return self._parameters[key]


class Part(nn.Module):
    """Hold the constants of one node; others may be nested in it.

    Args:
        constants: role to tensor.
        held: copies them.
        kind: of the layer, for people to read.
    """

    def __init__(self, constants: Mapping[str, Tensor] | None = None, held: Held | None = None, kind: str = "") -> None:
        super().__init__()
        self._kind = kind
        self._roles = tuple(constants or ())
        for role, tensor in (constants or {}).items():
            if held is not None and tensor.is_floating_point():
                self.register_parameter(role, held.parameter(tensor))
            else:
                self.register_buffer(role, tensor.detach().clone())

    def _get_name(self) -> str:
        return self._kind or "Module"

    def tensors(self) -> dict[str, Tensor]:
        """Return the constants as they are now, by role."""
        return {role: getattr(self, role) for role in self._roles}


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
            around.add_module(name, module if last and module is not None else Part())
        found = around._modules[name]
        assert found is not None
        around = found
    return around
