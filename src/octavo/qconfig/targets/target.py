"""What a machine can run in 8 bits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """Describe what can run in 8 bits on a target.

    Args:
        name: what people call it.
        operators: the types of a program's operators that have an 8-bit form there.
        activation_dtypes: what their inputs and outputs may be.
        weight_dtype: what their weights are.
        weight_range: the least and the greatest integer of a weight.
    """

    name: str
    operators: frozenset[str]
    activation_dtypes: frozenset[str]
    weight_dtype: str
    weight_range: tuple[int, int]
