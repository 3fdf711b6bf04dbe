"""How a command ends when something goes wrong: one block that says what, no traceback."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import typer
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from octavo.program import OctavoError

INTERRUPTED = 130

console = Console()
errors = Console(stderr=True)


@dataclass
class Settings:
    """What holds for all commands: `debug` shows tracebacks."""

    debug: bool = False


settings = Settings()


class UsageError(OctavoError, ValueError):
    """An argument on the command line does not fit."""


def guarded(command: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a command: a warning becomes a line, an error a red block and exit code 1, Ctrl-C exit code 130."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            with warnings.catch_warnings():
                warnings.showwarning = _show_warning
                return command(*args, **kwargs)
        except KeyboardInterrupt:
            errors.print("Interrupted; nothing was written.", style="yellow")
            raise typer.Exit(INTERRUPTED) from None
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:
            if settings.debug:
                errors.print_exception()
            errors.print(_block(error))
            raise typer.Exit(1) from None

    return run


def _show_warning(message: Warning | str, *_where: Any) -> None:
    """Print what a warning says, without the line of code that it came from."""
    errors.print(Text(f"warning: {message}", "yellow"))


def _block(error: Exception) -> Panel:
    text = Text(str(error) or type(error).__name__)
    if not isinstance(error, (OctavoError, OSError, TypeError, ValueError)):
        text = Text(f"{type(error).__name__}: {error}")
        text.append("\n\noctavo --debug COMMAND shows where it happened.", "dim")
    return Panel(text, title="error", title_align="left", border_style="red")
