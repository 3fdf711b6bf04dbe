"""Lines on the terminal while a model is quantized."""

from __future__ import annotations

import sys
from collections.abc import Callable

Progress = Callable[[int, int | None], None]

_WIDTH = 30


def choose(progress: bool | Progress | None) -> Progress | None:
    """Return what to call after each step: a line on the terminal for True, or for None where there is a terminal."""
    if callable(progress):
        return progress
    return _show if progress or (progress is None and sys.stderr.isatty()) else None


def _show(done: int, total: int | None) -> None:
    if total:
        filled = _WIDTH * done // total
        line = f"quantizing [{'#' * filled}{'.' * (_WIDTH - filled)}] {done}/{total}"
    else:
        line = f"quantizing: {done} steps"
    print(f"\r{line}", end="\n" if done == total else "", file=sys.stderr, flush=True)
