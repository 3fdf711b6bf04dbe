"""What threads cost."""

import pytest
from benchmarks.fork_join import measure

from octavo import _core
from octavo.runtime.processors import available_threads


@pytest.mark.skipif(available_threads() < 2, reason="two threads never run at the same time here")
def test_measures_sections_and_round_trips():
    found = measure(threads=2, rounds=2000)
    assert set(found) == {"fork-join", "a line there and back", "stage", "barrier"}
    for name in ("fork-join", "a line there and back"):
        median, least = found[name]
        assert 0 < least <= median


@pytest.mark.parametrize("arguments", [(1, 1, False, 1), (2, 0, False, 1), (2, 1, True, 0)])
def test_refuses_what_is_no_section(arguments):
    with pytest.raises(ValueError, match="must be"):
        _core.empty_sections(*arguments)


def test_refuses_no_round_trips():
    with pytest.raises(ValueError, match="at least 1"):
        _core.round_trips(0)
