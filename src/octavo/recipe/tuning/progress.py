"""Lines on the terminal while a model is tuned."""

from __future__ import annotations

import sys
from collections.abc import Callable

Watcher = Callable[[str, int, int | None], None]
"""Called with what is done, how many steps of it are done, and how many there are or None; with −1 steps when a trial
is over: then the text is what came of it."""

OVER = -1
_WIDTH = 24


def choose(progress: bool | Watcher | None) -> Watcher:
    """Return who is told of the progress: lines on the terminal for True, or for None where there is a terminal."""
    if callable(progress):
        return progress
    return _show if progress or (progress is None and sys.stderr.isatty()) else _silent


def _silent(what: str, done: int, total: int | None) -> None:
    """Show nothing."""


def _show(what: str, done: int, total: int | None) -> None:
    if done == OVER:
        print(f"\r\033[K{what}" if sys.stderr.isatty() else what, file=sys.stderr, flush=True)
    elif sys.stderr.isatty():
        filled = _WIDTH * done // total if total else 0
        bar = f" [{'#' * filled}{'.' * (_WIDTH - filled)}] {done}/{total}" if total else ""
        print(f"\r\033[K  {what}{bar}", end="", file=sys.stderr, flush=True)
