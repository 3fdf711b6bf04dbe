"""The weights of one recurrent layer in one direction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from octavo.nn.quantized.int8_weight import int8_weight

_ROLES = {
    **{name: name for name in ("weight_ih", "weight_ih_scale", "weight_hh", "weight_hh_scale", "bias_ih", "bias_hh")},
    "bias_gates": "bias",
}
"""Buffer → role of the operator's constant; a cell's `bias` tells whether it has one."""


class RecurrentWeights:
    """Hold int8 weights [gates · hidden, …] with a scale a row, and float biases.

    Args:
        gates: how many gates there are.
        inputs, hidden: sizes of x and of the state.
        apart: whether the two biases are kept apart, as a GRU's must be; else their sum.
    """

    def __init__(self, gates: int, inputs: int, hidden: int, apart: bool) -> None:
        rows = gates * hidden
        self.tensors: dict[str, Tensor] = {
            "weight_ih": torch.zeros(rows, inputs, dtype=torch.int8),
            "weight_ih_scale": torch.ones(rows),
            "weight_hh": torch.zeros(rows, hidden, dtype=torch.int8),
            "weight_hh_scale": torch.ones(rows),
        }
        self.tensors |= {name: torch.zeros(rows) for name in (("bias_ih", "bias_hh") if apart else ("bias_gates",))}

    @classmethod
    def of(cls, mod: Any, suffix: str, apart: bool) -> RecurrentWeights:
        """Quantize the weights of a float module.

        Args:
            mod: a float recurrent module or cell with a qconfig.
            suffix: of its parameters, `_l0`, or '' of a cell.
            apart: see the class.
        """
        weight_ih, weight_hh = getattr(mod, f"weight_ih{suffix}"), getattr(mod, f"weight_hh{suffix}")
        gates = weight_hh.shape[0] // weight_hh.shape[1]
        weights = cls(gates, weight_ih.shape[1], weight_hh.shape[1], apart)
        for role, weight in (("weight_ih", weight_ih), ("weight_hh", weight_hh)):
            weights.tensors[role], weights.tensors[f"{role}_scale"] = int8_weight(mod, weight)
        if mod.bias:
            bias_ih, bias_hh = (getattr(mod, f"{role}{suffix}").detach().float() for role in ("bias_ih", "bias_hh"))
            if apart:
                weights.tensors |= {"bias_ih": bias_ih.clone(), "bias_hh": bias_hh.clone()}
            else:
                weights.tensors["bias_gates"] = bias_ih + bias_hh
        return weights

    def buffers(self) -> Iterator[tuple[str, Tensor]]:
        """Yield the name and the tensor of each."""
        yield from self.tensors.items()

    @staticmethod
    def constants(tensor: Callable[[str], Tensor | None]) -> dict[str, np.ndarray]:
        """Return the operator's constants.

        Args:
            tensor: gives the buffer of a name; KeyError where the module has none.
        """
        found = {}
        for name, role in _ROLES.items():
            try:
                value = tensor(name)
            except KeyError:
                continue
            if value is not None:
                found[role] = value.numpy()
        return found
