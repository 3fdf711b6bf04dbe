"""Lines on the terminal while a model is quantized."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial

Progress = Callable[[int, int | None], None]

_WIDTH = 30


def choose(progress: bool | Progress | None) -> Progress | None:
    """Return what to call after each sample: a line on the terminal for True, or for None where there is a terminal."""
    return progress if callable(progress) else line(progress, "calibrating")


def line(progress: bool | Progress | None, doing: str) -> Progress | None:
    """Return what shows a line of its own on the terminal, where one is wanted there."""
    wanted = progress is True or (progress is None and sys.stderr.isatty())
    return partial(_show, doing) if wanted else None


def _show(doing: str, done: int, total: int | None) -> None:
    if total:
        filled = _WIDTH * done // total
        line = f"{doing} [{'#' * filled}{'.' * (_WIDTH - filled)}] {done}/{total}"
    else:
        line = f"{doing}: {done} samples"
    print(f"\r{line}", end="\n" if done == total else "", file=sys.stderr, flush=True)
