"""One model that tuning has tried, and what was measured of it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from octavo.graph import Layer

FLOAT = "profile"
"""The step that measures the float model."""


@dataclass(frozen=True)
class Trial:
    """What was tried and what came of it.

    Args:
        step: of the climb, `rounding`.
        name: what is new in it, `GPTQ`.
        settings: what makes it what it is, as plain data: the recipe, and the layers that stay in float.
        score: what `evaluate` gave; None where there is none, or it was not measured.
        sqnr_db: of all outputs together, on the samples that measure.
        sqnr_error_db: its standard error, of so few samples.
        in_float: names of the layers that tuning keeps in float.
        bytes: of the file, or of the float module's parameters and buffers.
        milliseconds: of one call on the example inputs.
        seconds: that it took to make and to measure.
        failure: why there is no model; '' where there is one.
        layers: where each layer runs.
        file: of the program in the folder; '' where it is not kept.
    """

    step: str
    name: str
    settings: dict[str, Any]
    score: float | None = None
    sqnr_db: float | None = None
    sqnr_error_db: float = 0.0
    in_float: tuple[str, ...] = ()
    bytes: int | None = None
    milliseconds: float | None = None
    seconds: float = 0.0
    failure: str = ""
    layers: tuple[Layer, ...] = field(default=(), repr=False)
    file: str = ""

    @property
    def sure_db(self) -> float | None:
        """The SQNR less two standard errors: what other samples have at least, thirty-nine times of forty.

        Several models are tried on the same samples, so that the best has been lucky: less than that will not do.
        """
        return None if self.sqnr_db is None else self.sqnr_db - 2 * self.sqnr_error_db

    @property
    def measured(self) -> bool:
        """Whether the model was measured, or cannot be made: there is nothing left to do for this trial."""
        return self.sqnr_db is not None or bool(self.failure)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values; an infinite SQNR is a word."""
        return asdict(self) | {"sqnr_db": _written(self.sqnr_db)}

    @classmethod
    def from_json(cls, written: dict[str, Any]) -> Trial:
        """Return what `as_json` has written.

        Raises:
            TypeError, ValueError: it is something else.
        """
        trial = cls(**written)
        layers = tuple(Layer(**{**layer, "fused": tuple(layer["fused"])}) for layer in written["layers"])
        sqnr = written["sqnr_db"]
        return replace(
            trial, layers=layers, in_float=tuple(trial.in_float), sqnr_db=None if sqnr is None else float(sqnr)
        )


def _written(decibels: float | None) -> float | str | None:
    return str(decibels) if decibels is not None and math.isinf(decibels) else decibels
