"""Lines on the terminal while a model is quantized."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial

Progress = Callable[[int, int | None], None]

_WIDTH = 30


def choose(progress: bool | Progress | None, what: str = "quantizing") -> Progress | None:
    """Return what to call after each step: a line on the terminal for True, or for None where there is a terminal.

    Args:
        progress: as the user gave it.
        what: the first word of the line.
    """
    if callable(progress):
        return progress
    return partial(_show, what) if progress or (progress is None and sys.stderr.isatty()) else None


def _show(what: str, done: int, total: int | None) -> None:
    if total:
        filled = _WIDTH * done // total
        line = f"{what} [{'#' * filled}{'.' * (_WIDTH - filled)}] {done}/{total}"
    else:
        line = f"{what}: {done} steps"
    print(f"\r{line}", end="\n" if done == total else "", file=sys.stderr, flush=True)
