"""The machine's own int8 multiply peak, measured by the engine's register-only loop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

from octavo import _core


def int8_peak(isa: str, threads: int, seconds: float = 0.05, repeats: int = 5) -> float:
    """Measure the peak of `threads` threads together in GMAC/s: the best of `repeats` loops of about `seconds` each.

    Args:
        isa: one that this machine runs, see `octavo.runtime.isa`.
        threads: how many loops run at once, one a CPU, >= 1.
    """
    iterations = 10_000
    while (elapsed := _timed(partial(_core.peak_macs, isa, iterations))[0]) < seconds:
        iterations = int(iterations * max(2.0, min(100.0, seconds / max(elapsed, 1e-9))))
    return max(_together(isa, iterations, threads) for _ in range(repeats)) / 1e9


def _together(isa: str, iterations: int, threads: int) -> float:
    rates = [0.0] * threads
    barrier = threading.Barrier(threads)

    def loop(index: int) -> None:
        barrier.wait()
        seconds, macs = _timed(partial(_core.peak_macs, isa, iterations))
        rates[index] = macs / seconds

    workers = [threading.Thread(target=loop, args=(index,)) for index in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(rates)


def _timed(call: Callable[[], int]) -> tuple[float, int]:
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result
