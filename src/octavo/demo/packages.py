"""Files that ship inside installed packages."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from octavo.program import OctavoError


class MissingPackageError(OctavoError, ImportError):
    """A package that a network or photographs are taken from is not installed."""


def folder(package: str, distribution: str) -> Path:
    """Find the folder of a package without importing it.

    Args:
        package: the name it is imported by.
        distribution: the name it is installed by.

    Raises:
        MissingPackageError: it is not installed.
    """
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise MissingPackageError(
            f"the files of the package {distribution} are needed, and it is not installed. Remedy: "
            f"`pip install --no-deps {distribution}`; `make demo`, `make test` and `make bench` install what they need"
        )
    return Path(spec.submodule_search_locations[0])
