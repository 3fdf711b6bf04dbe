"""When tuning is done, and which of two models is better."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from octavo.recipe.recipe import RecipeError
from octavo.recipe.tuning.trial import Trial

Evaluate = Callable[[Any], float]
"""Given the model, float or int8, called like the float one: a number that is larger the better it is."""


@dataclass(frozen=True)
class Goal:
    """What is wanted of the int8 model.

    Args:
        evaluate: measures accuracy; None where the SQNR of the outputs does.
        max_drop: by how much its number may fall below float's.
        sqnr: in dB, where there is no `evaluate`; what is measured less two standard errors has to reach it.
        max_milliseconds, max_bytes: what one call may take on the example inputs, and the file; None for no limit.

    Raises:
        RecipeError: there is nothing to reach, or it is no number.
    """

    evaluate: Evaluate | None = None
    max_drop: float = 0.1
    sqnr: float | None = None
    max_milliseconds: float | None = None
    max_bytes: float | None = None

    def __post_init__(self) -> None:
        limited = self.max_milliseconds is not None or self.max_bytes is not None
        if self.evaluate is None and self.sqnr is None and not limited:
            raise RecipeError(
                "tune: got neither evaluate nor sqnr, expected what tells that the model is accurate enough. Remedy: "
                "evaluate=a function of the model that returns a number, or sqnr=26 (dB of the outputs)"
            )
        if self.evaluate is not None and self.sqnr is not None:
            raise RecipeError("tune: got evaluate and sqnr, expected one of them")
        if self.evaluate is not None and not callable(self.evaluate):
            raise RecipeError(f"evaluate: got a {type(self.evaluate).__name__}, expected a function of the model")
        for name in ("max_drop", "sqnr", "max_milliseconds", "max_bytes"):
            value = getattr(self, name)
            if value is not None and not (_is_number(value) and (value >= 0 or name == "sqnr")):
                raise RecipeError(f"{name}: got {value!r}, expected a finite number from 0")

    def reached(self, trial: Trial, exact: Trial) -> bool:
        """Tell whether a trial is good enough to end with.

        Args:
            trial: measured.
            exact: the float model.
        """
        if not self.fits(trial) or not trial.measured or trial.failure:
            return False
        if self.evaluate is None:
            return self.sqnr is not None and trial.sure_db is not None and trial.sure_db >= self.sqnr
        return trial.score is not None and exact.score is not None and trial.score >= exact.score - self.max_drop

    def satisfied(self, trial: Trial, exact: Trial) -> bool:
        """Tell whether a trial is all that is wanted, once everything was tried: the limits may be all there is."""
        return self.reached(trial, exact) or (self.evaluate is None and self.sqnr is None and self.fits(trial))

    def fits(self, trial: Trial) -> bool:
        """Tell whether a trial is as fast and as small as is wanted."""
        slow = self.max_milliseconds is not None and (trial.milliseconds or 0.0) > self.max_milliseconds
        return not slow and not (self.max_bytes is not None and (trial.bytes or 0) > self.max_bytes)

    def rank(self, trial: Trial, exact: Trial) -> tuple[float, ...]:
        """Return what is greater for the better of two trials: one that reaches the goal, with the fewest in float."""
        if trial.failure:
            return (-1.0,)
        reached = self.reached(trial, exact)
        score = -math.inf if trial.score is None else trial.score
        sqnr = -math.inf if trial.sqnr_db is None else trial.sqnr_db
        return float(self.fits(trial)), float(reached), -float(len(trial.in_float)) if reached else 0.0, score, sqnr

    def best(self, trials: Mapping[int, Trial], exact: Trial) -> int | None:
        """Return the key of the best of some trials; None where no model was made. One not measured is the worst."""
        made = [index for index, trial in trials.items() if not trial.failure]
        return max(made, key=lambda i: (trials[i].measured, self.rank(trials[i], exact), -i), default=None)

    def text(self, exact: Trial | None = None) -> str:
        """Say what is wanted."""
        parts = []
        if self.evaluate is not None and exact is not None and exact.score is not None:
            parts.append(f"at least {exact.score - self.max_drop:.6g} ({exact.score:.6g} in float)")
        elif self.evaluate is not None:
            parts.append(f"at most {self.max_drop:g} below float")
        if self.sqnr is not None:
            parts.append(f"at least {self.sqnr:g} dB")
        if self.max_milliseconds is not None:
            parts.append(f"at most {self.max_milliseconds:g} ms")
        if self.max_bytes is not None:
            parts.append(f"at most {self.max_bytes / 1e6:g} MB")
        return ", ".join(parts)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
