"""Where the data lies that `make` sets up beside the packages."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from benchmarks.environment import ROOT
from octavo.demo.packages import MissingPackageError

Built = TypeVar("Built")

FOLDER = ROOT / "build" / "data"


class MissingDataError(Exception):
    """Data is not there, or not to be had on this machine."""


def find(pattern: str, what: str, remedy: str) -> list[Path]:
    """Return the sorted files or folders that match `pattern` in the data folder.

    Raises MissingDataError, with `what` and `remedy` in its message, where there is none.
    """
    found = sorted(FOLDER.glob(pattern))
    if not found:
        raise MissingDataError(f"{what}: found no {pattern} in {FOLDER}. Remedy: {remedy}")
    return found


def available(name: str, build: Callable[[], Built], console: Console) -> Built | None:
    """Return what `build` makes; None, and a line on the console, where its data or its network is not there."""
    try:
        return build()
    except (MissingDataError, MissingPackageError) as error:
        console.print(f"{name} is left out: {error}")
        return None
