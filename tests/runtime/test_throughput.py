"""Several requests at once."""

import threading
import time

import pytest

from octavo.runtime.throughput import throughput


def test_requests_of_all_callers_count():
    found = throughput({"one": (lambda: time.sleep(0.004), 1), "four": (lambda: time.sleep(0.004), 4)}, 0.5, rounds=2)
    assert 4 <= found["one"].median <= found["one"].high
    assert 0 < found["one"].requests_per_second <= 250
    # Sleeping scales with the callers, on any machine: 4 to 1, and room for a busy one.
    assert found["four"].requests_per_second > 2 * found["one"].requests_per_second


def test_as_many_call_at_once_as_are_asked_for():
    most, now, lock = 0, 0, threading.Lock()

    def call() -> None:
        nonlocal most, now
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.002)
        with lock:
            now -= 1

    throughput({"three": (call, 3)}, 0.1, rounds=1)
    assert most == 3


def test_an_error_of_a_call_is_raised():
    def fail() -> None:
        raise LookupError("no answer")

    with pytest.raises(LookupError, match="no answer"):
        throughput({"wrong": (fail, 2)}, 0.1)


@pytest.mark.parametrize(("callers", "seconds", "rounds"), [(0, 1.0, 1), (1, 0.0, 1), (1, 1.0, 0)])
def test_refuses_what_cannot_be_measured(callers, seconds, rounds):
    with pytest.raises(ValueError, match=r"got 0"):
        throughput({"x": (lambda: None, callers)}, seconds, rounds)
