"""Where the tables go."""

from rich.console import Console


def terminal() -> Console:
    """Return a console; in a file or a pipe, where rich would assume 80 columns, it is as wide as the widest table."""
    console = Console()
    return console if console.is_terminal else Console(width=160)
