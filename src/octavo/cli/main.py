"""The `octavo` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    try:
        from octavo.cli.app import app
    except ModuleNotFoundError as error:
        if error.name not in ("typer", "rich"):
            raise
        sys.exit(f"the octavo command needs {error.name}: pip install 'octavo[cli]'")
    app()
