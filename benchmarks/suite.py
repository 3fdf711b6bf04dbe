"""What every comparison's command does around the measuring: options, contenders, record."""

import argparse
import gc
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console

from benchmarks import record
from benchmarks.compare import Network, compare
from benchmarks.measurement import Measurement
from benchmarks.peers import PEERS, load_peer


def add_options(parser: argparse.ArgumentParser, contenders: Sequence[str], rounds: int) -> None:
    """Add the options that all comparisons share: --threads, --rounds and --peers."""
    parser.add_argument("--threads", default="1,2", help="numbers of threads, separated by commas")
    parser.add_argument("--rounds", type=int, default=rounds, help="turns that each contender has")
    parser.add_argument("--peers", default=",".join(contenders), help=f"contenders, of {', '.join(PEERS)}")


def integers(text: str) -> list[int]:
    """Return the integers of an option, separated by commas."""
    return [int(part) for part in text.split(",")]


def available(names: Sequence[str], console: Console) -> list[str]:
    """Leave out, and say so, what is not installed; anything else that goes wrong at import is an error."""

    def is_installed(name: str) -> bool:
        try:
            load_peer(name)
        except ModuleNotFoundError as error:
            console.print(f"{name} is left out: {error}")
            return False
        return True

    return [name for name in names if is_installed(name)]


def measure_all(
    networks: Iterable[tuple[Network, Sequence[str]]], options: argparse.Namespace, console: Console
) -> list[Measurement]:
    """Compare contenders on each network, one network in memory at a time.

    Args:
        networks: what to measure and its contenders, made one by one.
        options: what `add_options` added.
        console: shows what is being done.
    """
    results: list[Measurement] = []
    with console.status("") as status:
        for network, contenders in networks:
            results += compare(network, contenders, integers(options.threads), options.rounds, status.update)
            gc.collect()
    return results


def write(
    section: str, results: Sequence[Measurement], contenders: Iterable[str], console: Console,
    more: Mapping[str, object] | None = None,
) -> None:  # fmt: skip
    """Write the record of a comparison: `more` goes into each result."""
    packages = {package for name in contenders for package in load_peer(name).versions}
    entries = {f"{result.name} {result.threads}": {**result.as_json(), **(more or {})} for result in results}
    path = record.write(section, entries, packages)
    console.print(f"written to {path.relative_to(path.cwd()) if path.is_relative_to(path.cwd()) else path}")
