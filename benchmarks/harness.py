"""Time contenders against each other in one process.

All contenders run in turn, round after round, so that a machine that slows down or speeds up does so for all of them.
A turn is a few untimed runs, then timed ones; the order of the turns rotates from round to round.

A pool of threads that spins after its last run would take time from whoever comes next. Spinning is left on while a
contender has its turn, as its users have it. Between turns `settle` sleeps until the process as a whole uses no CPU
time: it measures that the pools have gone to sleep, and does not rely on any engine's settings.

Every thread of the process is pinned to the same CPUs, as many as there are threads in the comparison.
"""

import contextlib
import itertools
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

Given = TypeVar("Given")


@dataclass(frozen=True)
class Timing:
    """Milliseconds of one contender: the median, and its spread from the minimum to the 90th percentile."""

    median: float
    minimum: float
    p90: float
    runs: int


def sqnr(reference: np.ndarray, output: np.ndarray) -> float:
    """Return the signal-to-quantization-noise ratio 10·log10(Σ r² / Σ (r − o)²) in dB; inf where they are equal."""
    if output.shape != reference.shape:
        raise ValueError(f"outputs differ in shape: got {output.shape}, expected {reference.shape}")
    signal = float(np.sum(reference.astype(np.float64) ** 2))
    noise = float(np.sum((reference.astype(np.float64) - output) ** 2))
    return math.inf if noise == 0 else 10 * math.log10(signal / noise)


@contextlib.contextmanager
def pinned(threads: int) -> Iterator[None]:
    """Restrict all threads of the process, and those that they start, to the last `threads` of its CPUs."""
    before = os.sched_getaffinity(0)
    if threads > len(before):
        raise ValueError(f"{threads} threads need as many CPUs; this process may use {len(before)}")
    _set_affinity(set(sorted(before)[-threads:]))
    try:
        yield
    finally:
        _set_affinity(before)


def settle(window: float = 0.004, idle_share: float = 0.1, limit: float = 2.0) -> None:
    """Sleep until the process uses less than `idle_share` of one CPU over `window` seconds.

    Raises RuntimeError where some pool still spins after `limit` seconds: timings beside it would be worthless.
    """
    deadline = time.perf_counter() + limit
    while time.perf_counter() < deadline:
        used = time.process_time()
        time.sleep(window)
        if time.process_time() - used < idle_share * window:
            return
    raise RuntimeError(f"some thread of this process still spins after {limit} s; its work would disturb the others")


class ForeignLoad:
    """Measure the work that other processes do inside the `with` block: `cpus`, 0 on an idle machine."""

    cpus = 0.0

    def __enter__(self) -> "ForeignLoad":
        self._start = time.perf_counter(), _machine_seconds() - time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        wall, busy = self._start
        self.cpus = max(0.0, _machine_seconds() - time.process_time() - busy) / (time.perf_counter() - wall)


def interleave(
    contenders: Mapping[str, Callable[[Given], object]], x: Given, rounds: int, turn: float = 0.15
) -> dict[str, Timing]:
    """Time every contender on `x`, in turns of about `turn` seconds (at least 3 runs), `rounds` times.

    Args:
        contenders: name → callable; each is called with `x` alone.
        x: the input, whatever the contenders take.
        rounds: how often each contender has its turn, >= 1.
        turn: seconds that one turn aims at.

    Returns:
        name → Timing over all timed runs of all rounds.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    runs = {name: _runs_per_turn(run, x, turn) for name, run in contenders.items()}
    names = list(contenders)
    for shift in range(rounds):
        for name in itertools.islice(itertools.cycle(names), shift % len(names), shift % len(names) + len(names)):
            times[name] += _take_turn(contenders[name], x, runs[name])
    return {name: _summary(values) for name, values in times.items()}


def _runs_per_turn(run: Callable[[Given], object], x: Given, turn: float) -> int:
    run(x)  # the first runs pack weights and touch memory for the first time
    return max(3, min(300, round(turn / min(_take_turn(run, x, 2)) * 1000)))


def _take_turn(run: Callable[[Given], object], x: Given, runs: int) -> list[float]:
    settle()
    for _ in range(2):  # caches, and threads that have gone to sleep
        run(x)
    times = []
    for _ in range(runs):
        start = time.perf_counter_ns()
        run(x)
        times.append((time.perf_counter_ns() - start) / 1e6)
    return times


def _summary(milliseconds: list[float]) -> Timing:
    median, p90 = np.percentile(milliseconds, [50, 90])
    return Timing(float(median), min(milliseconds), float(p90), len(milliseconds))


def _machine_seconds() -> float:
    """Return the CPU time that the whole machine has spent on any process, in seconds; the process's own elsewhere."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return time.process_time()
    user, nice, system, _idle, _iowait, irq, softirq, *_ = map(int, stat.read_text().split("\n", 1)[0].split()[1:])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def _set_affinity(cpus: set[int]) -> None:
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(ProcessLookupError):  # a thread may end between the listing and the call
            os.sched_setaffinity(int(task.name), cpus)
