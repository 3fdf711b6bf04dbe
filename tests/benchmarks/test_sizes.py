"""Runs of different sizes, made up: what an image takes, and who loses time."""

from __future__ import annotations

import pytest
from benchmarks.sizes import Point

BASE = Point(1, (8, 8), 0.4, {"a": 100.0, "b": 200.0, "pool": 100.0}, {"a": 10, "b": 40})
LARGE = Point(4, (8, 8), 2.4, {"a": 400.0, "b": 1500.0, "pool": 500.0}, {"a": 40, "b": 160})


def test_what_an_image_and_a_multiplication_take():
    assert LARGE.ms_per_image == pytest.approx(0.6) and BASE.relative(BASE) == 1
    assert LARGE.relative(BASE) == pytest.approx(1.5) and LARGE.name == "4 × 8×8"


def test_the_operators_that_lose_most_come_first():
    (first, lost, ratio), (second, *_), _ = LARGE.losses(BASE)
    assert (first, second) == ("b", "pool") and lost == pytest.approx(0.7) and ratio == pytest.approx(1500 / 800)
