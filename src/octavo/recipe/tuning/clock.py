"""How much time is left."""

from __future__ import annotations

import time


class BudgetSpentError(Exception):
    """The time is up; what was tried is kept."""


class Clock:
    """The budget.

    Args:
        minutes: from now; None for no end.
    """

    def __init__(self, minutes: float | None) -> None:
        self._end = None if minutes is None else time.monotonic() + 60 * minutes
        self.active = False

    def check(self) -> None:
        """Raise BudgetSpentError where the time is up."""
        if self._end is not None and time.monotonic() >= self._end:
            raise BudgetSpentError

    def tick(self) -> None:
        """As `check`, in the middle of something that may be given up."""
        if self.active:
            self.check()
