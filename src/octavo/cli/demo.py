"""octavo demo: the whole path on a real network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from octavo.cli.guard import console, guarded


@guarded
def demo(
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Keep the int8 network in this file.")] = None,
) -> None:
    """Quantize a pretrained EfficientNet-Lite0 and compare it with float on real photographs."""
    with console.status("Importing PyTorch"):
        from octavo.demo import show
    show(console, output)
