"""Time what threads cost: `python -m benchmarks.fork_join [--threads N]`.

A section without work, from the call to its end (fork-join), and what each further stage and each further barrier adds.
Only sections count in which every thread did its own share. Beside them, the time that a line of the cache takes from
one thread to another and back: on two processors that are far apart this alone can take more than what is asked of a
fork-join, which is at least one such round trip.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence

from rich import box
from rich.table import Table

from benchmarks import record
from benchmarks.terminal import terminal
from octavo import _core

ROUNDS = 20000
MANY = 101
TURNS = 10
TRIPS_OF_A_SECTION = 20
ATTEMPTS = 600


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
    """Return the median and the minimum in nanoseconds of a fork-join, a round trip of a line, a stage and a barrier.

    Round trips and fork-joins take turns, so that they find the threads on the same processors.

    Raises:
        RuntimeError: the threads never ran at the same time.
    """

    def times(stages: int, meet: bool, count: int) -> list[int]:
        return _core.empty_sections(threads, stages, meet, count)

    def each(meet: bool) -> tuple[float, float]:
        (one,) = _taken(lambda: times(1, meet, rounds))
        (many,) = _taken(lambda: times(MANY, meet, max(1, rounds // 20)))
        median, least = ((f(many) - f(one)) / (MANY - 1) for f in (statistics.median, min))
        return median, least

    count = max(1, rounds // TURNS)
    joins, trips = _taken(
        lambda: times(1, False, count), lambda: _core.round_trips(max(1, count // TRIPS_OF_A_SECTION)), turns=TURNS
    )
    return {
        "fork-join": (statistics.median(joins), min(joins)),
        "a line there and back": (statistics.median(trips), min(trips)),
        "stage": each(False),
        "barrier": each(True),
    }


def _taken(*measurements: Callable[[], list[int]], turns: int = 1) -> list[list[int]]:
    """Let measurements take turns until each has found the threads running at the same time, `turns` times at least."""
    taken: list[list[int]] = [[] for _ in measurements]
    for turn in range(ATTEMPTS):
        if turn >= turns and all(taken):
            return taken
        for times, measure_once in zip(taken, measurements, strict=True):
            times += measure_once()
        if not all(taken):
            time.sleep(0.01)  # the processor of one of them is taken
    raise RuntimeError("the threads never ran at the same time; run this on an idle machine")


if __name__ == "__main__":
    main()
