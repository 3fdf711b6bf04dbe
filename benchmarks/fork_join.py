"""Time what threads cost: `python -m benchmarks.fork_join [--threads N]`.

A section without work, from the call to its end (fork-join), and what each further stage and each further barrier adds.
Only sections count in which every thread did its own share.
"""

import argparse
import statistics
import time
from collections.abc import Sequence

from rich import box
from rich.table import Table

from benchmarks import record
from benchmarks.terminal import terminal
from octavo import _core

ROUNDS = 20000
MANY = 101
ATTEMPTS = 200


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the table and write the record; `arguments` are those of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fork_join", description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    threads = parser.parse_args(arguments).threads
    found = measure(threads)
    table = Table(box=box.SIMPLE_HEAD, title=f"nanoseconds, {threads} threads that spin")
    for heading in ("", "median", "minimum"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, (median, least) in found.items():
        table.add_row(name, f"{median:.0f}", f"{least:.0f}")
    terminal().print(table)
    record.write("fork_join", {f"{name}, {threads} threads": times for name, times in found.items()}, ("octavo",))


def measure(threads: int, rounds: int = ROUNDS) -> dict[str, tuple[float, float]]:
    """Return the median and the minimum in nanoseconds of a fork-join, of a stage and of a barrier.

    Raises:
        RuntimeError: the threads never ran at the same time.
    """

    def times(stages: int, meet: bool, count: int) -> tuple[float, float]:
        for _ in range(ATTEMPTS):
            if taken := _core.empty_sections(threads, stages, meet, count):
                return statistics.median(taken), min(taken)
            time.sleep(0.01)  # the processor of one of them is taken
        raise RuntimeError(f"{threads} threads: they never ran at the same time; run this on an idle machine")

    def each(meet: bool) -> tuple[float, float]:
        one, many = times(1, meet, rounds), times(MANY, meet, max(1, rounds // 20))
        return (many[0] - one[0]) / (MANY - 1), (many[1] - one[1]) / (MANY - 1)

    return {"fork-join": times(1, False, rounds), "stage": each(False), "barrier": each(True)}


if __name__ == "__main__":
    main()
