"""Measure how many requests a second a callable serves when several threads call it at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np


class Throughput(NamedTuple):
    """Requests a second, all callers together, and the milliseconds of one: the median and the ninetieth percentile."""

    requests_per_second: float
    median: float
    high: float


def throughput(
    contenders: Mapping[Any, tuple[Callable[[], Any], int]], seconds: float = 2.0, rounds: int = 3
) -> dict[Any, Throughput]:
    """Let callables serve as many callers at once as each is given with, in turns.

    Each caller is a thread that calls again as soon as it has its answer.

    Args:
        contenders: key to a callable without arguments, which may be called from many threads at once, and the number
            of callers, 1 or more.
        seconds: about how long all of it takes, > 0.
        rounds: how often the turns go round, 1 or more.

    Raises:
        Exception: what a call raised.
    """
    if seconds <= 0 or rounds < 1:
        raise ValueError(f"seconds: got {seconds}, expected more than 0; rounds: got {rounds}, expected 1 or more")
    for _, callers in contenders.values():
        if callers < 1:
            raise ValueError(f"callers: got {callers}, expected 1 or more")
    turns: dict[Any, list[tuple[float, list[float]]]] = {key: [] for key in contenders}
    for _ in range(rounds):
        for key, (call, callers) in contenders.items():
            turns[key].append(_turn(call, callers, seconds / rounds / len(contenders)))
    results = {}
    for key, taken in turns.items():
        times = [time for _, each in taken for time in each]
        median, high = (float(number) for number in np.percentile(times, (50, 90)))
        results[key] = Throughput(len(times) / sum(lasted for lasted, _ in taken), median, high)
    return results


def _turn(call: Callable[[], Any], callers: int, seconds: float) -> tuple[float, list[float]]:
    """Return how many seconds a turn lasted and the milliseconds of every call in it."""
    times: list[list[float]] = [[] for _ in range(callers)]
    errors: list[BaseException] = []
    marks: list[float] = []  # when each caller began and ended, by its own clock: this thread may be late
    ready = threading.Barrier(callers)

    def serve(mine: list[float]) -> None:
        try:
            call()  # memory of its own, and warm caches
        except BaseException as error:
            errors.append(error)
        ready.wait()
        marks.append(now := time.perf_counter())
        end = now + seconds
        while now < end and not errors:
            before = time.perf_counter()
            try:
                call()
            except BaseException as error:
                errors.append(error)
            now = time.perf_counter()
            mine.append((now - before) * 1e3)
        marks.append(now)

    threads = [threading.Thread(target=serve, args=(mine,)) for mine in times]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return max(marks) - min(marks), [time for mine in times for time in mine]
