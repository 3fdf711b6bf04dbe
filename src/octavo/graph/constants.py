"""The constants of a node: tensors, or what they are computed from whenever they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Computed:
    """A constant that is computed anew whenever it is read, from what is held anyway or takes less memory.

    A weight with a norm folded in is that of the model, row by row times a factor; a rounded one is its integers, a
    byte each. So a graph beside its model, or several of them, take next to no memory.

    Args:
        make: gives the tensor for `parts`, the same each time.
        parts: tensors that stay as they are, or constants that are computed themselves.
        shape: of the tensor.
    """

    make: Callable[..., Tensor]
    parts: tuple[Tensor | Computed, ...]
    shape: torch.Size

    def value(self) -> Tensor:
        """Compute it."""
        with torch.no_grad():
            return self.make(*(part.value() if isinstance(part, Computed) else part for part in self.parts))


Held = Tensor | Computed


class Constants(Mapping[str, Tensor]):
    """Role to tensor, some of them computed.

    Args:
        held: role to the tensor, or to what computes it.

    Attributes:
        held: as given.
    """

    def __init__(self, held: Mapping[str, Held]) -> None:
        self.held = dict(held)

    def __getitem__(self, role: str) -> Tensor:
        """Return a constant, computed where it is not held."""
        held = self.held[role]
        return held.value() if isinstance(held, Computed) else held

    def __contains__(self, role: Any) -> bool:
        """Tell whether there is such a constant, without computing it."""
        return role in self.held

    def __iter__(self) -> Iterator[str]:
        """Go through the roles."""
        return iter(self.held)

    def __len__(self) -> int:
        """Count the constants."""
        return len(self.held)


def held_in(constants: Mapping[str, Tensor]) -> dict[str, Held]:
    """Return what is held of a node's constants, role by role: nothing is computed."""
    return dict(constants.held) if isinstance(constants, Constants) else dict(constants)
