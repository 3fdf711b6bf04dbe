from __future__ import annotations

import itertools
import time

import pytest

from octavo.runtime.timing import interleave


def test_slower_takes_longer_and_turns_go_round():
    order: list[str] = []

    def fast() -> None:
        order.append("fast")
        time.sleep(0.001)

    def slow() -> None:
        order.append("slow")
        time.sleep(0.004)

    times = interleave({"fast": fast, "slow": slow}, seconds=0.06, rounds=3)
    assert times["fast"].median < times["slow"].median
    assert all(t.low <= t.median <= t.high for t in times.values())
    changes = sum(a != b for a, b in itertools.pairwise(order))
    assert changes == 7  # one call each beforehand, then three rounds


@pytest.mark.parametrize(("seconds", "rounds"), [(0, 1), (1, 0)])
def test_wrong_arguments(seconds, rounds):
    with pytest.raises(ValueError, match="seconds: got"):
        interleave({}, seconds, rounds)
