"""One operator about to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from octavo.program.types import Shape, Value


@dataclass(frozen=True)
class Call:
    """Holds what an operator's function reads.

    where: what an error calls it.
    inputs: arrays; types: what they stand for, in the same order.
    output: what the result (the first where there are several) stands for; shape: the shape that it must have.
    clamp: (clamp_min, clamp_max) where the output is 8-bit.
    """

    where: str
    inputs: tuple[np.ndarray, ...]
    types: tuple[Value, ...]
    output: Value
    shape: Shape
    attributes: Mapping[str, Any]
    constants: Mapping[str, np.ndarray]
    clamp: tuple[int, int] | None

    @property
    def is_float(self) -> bool:
        """Tell whether this is the float32 form: no input is 8-bit."""
        return all(value.dtype == "float32" for value in self.types)

    def centered(self, index: int) -> np.ndarray:
        """Return q − zero_point of an input: int32."""
        return self.inputs[index].astype(np.int32) - np.int32(self.types[index].zero_point or 0)

    def scale(self, index: int) -> float:
        """Return the scale of an input."""
        scale = self.types[index].scale
        assert scale is not None  # the verifier lets no other form pass
        return scale
