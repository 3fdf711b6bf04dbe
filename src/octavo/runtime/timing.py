"""Compare the speed of callables fairly: in one process, in turns, by their medians."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np


class Timing(NamedTuple):
    """Milliseconds for one call: the median, and the tenth and ninetieth percentile."""

    median: float
    low: float
    high: float


def interleave(contenders: Mapping[str, Callable[[], Any]], seconds: float = 2.0, rounds: int = 5) -> dict[str, Timing]:
    """Time several callables in turns, so that a change of the machine's pace falls on all alike.

    Each is called once beforehand. In each round each contender runs for its share of the time, at least twice.

    Args:
        contenders: name to a callable without arguments.
        seconds: about how long all of it takes, > 0.
        rounds: how often the turns go round, 1 or more.

    Returns: name to the times of one call, in milliseconds.
    """
    if seconds <= 0 or rounds < 1:
        raise ValueError(f"seconds: got {seconds}, expected more than 0; rounds: got {rounds}, expected 1 or more")
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for call in contenders.values():
        call()
    share = seconds / rounds / max(len(contenders), 1)
    for _ in range(rounds):
        for name, call in contenders.items():
            _run_for(call, share, times[name])
    return {name: Timing(*(float(t) for t in np.percentile(taken, (50, 10, 90)))) for name, taken in times.items()}


def _run_for(call: Callable[[], Any], seconds: float, times: list[float]) -> None:
    call()  # bring the caches and the threads back from the contender before
    start = now = time.perf_counter()
    count = 0
    while count < 2 or now - start < seconds:
        before = time.perf_counter()
        call()
        now = time.perf_counter()
        times.append((now - before) * 1e3)
        count += 1
