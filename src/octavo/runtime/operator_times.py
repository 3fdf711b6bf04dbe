"""What each operator of a program takes on the engine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median

import numpy as np

from octavo.runtime.loaded import LoadedProgram

_CALL_SECONDS = 0.002  # what one call of the engine's profile takes at least, so that calling it costs nothing


def operator_times(loaded: LoadedProgram, arrays: Sequence[np.ndarray], seconds: float) -> dict[tuple[str, str], float]:
    """Measure every operator: the median of many runs, so that a disturbed run does not count.

    Args:
        loaded: the program, with the threads that it runs on.
        arrays: its inputs, in order.
        seconds: about how long it takes.

    Returns: (kind, name) to microseconds of one run, the steps of one operator together; `copy` and `fill_halo` are
        kinds that the engine adds.
    """
    rounds, start = 1, time.perf_counter()
    loaded.profile(*arrays, rounds=1)
    while (begin := time.perf_counter()) - start < seconds / 4:
        loaded.profile(*arrays, rounds=rounds)
        if time.perf_counter() - begin >= _CALL_SECONDS:
            break
        rounds *= 2
    calls = []
    while len(calls) < 3 or time.perf_counter() - start < seconds:
        spent: dict[tuple[str, str], float] = {}
        for step in loaded.profile(*arrays, rounds=rounds):
            key = step.kind, step.name
            spent[key] = spent.get(key, 0.0) + step.nanoseconds / 1e3
        calls.append(spent)
    return {key: median(call[key] for call in calls) for key in calls[0]}
