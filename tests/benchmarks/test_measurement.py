"""Comparisons: who is timed, and what is said of who is not."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.harness import Timing
from benchmarks.measurement import Measurement, measure
from benchmarks.peers import Run, Sample, dynamic_shapes
from benchmarks.table import comparison_table, ratio_column


def _timed(**milliseconds: float) -> Measurement:
    timing = {name.replace("_", " "): Timing(ms, ms / 2, ms, 1) for name, ms in milliseconds.items()}
    return Measurement("network", 1, timing=timing)


def test_the_ratio_is_to_the_fastest_peer() -> None:
    result = _timed(octavo=6, octavo_dynamic=3, onnxruntime=12, openvino=8, float=1)
    assert result.fastest_peer() == "openvino" and result.fastest_peer("onnx") == "onnxruntime"
    assert (result.ratio(), result.ratio("octavo dynamic"), result.ratio(prefix="onnx")) == (0.75, 0.375, 0.5)
    assert result.ratio("octavo module") is None
    assert _timed(octavo=6, float=1).ratio() is None


def test_the_speedup_is_over_the_fastest_float() -> None:
    result = _timed(octavo=6, onnxruntime=1, float=24, openvino_float=18)
    assert result.speedup() == 3 and result.fastest_peer() == "onnxruntime"
    assert _timed(octavo=6).speedup() is None and _timed(float=6).speedup() is None


def _run(factor: float) -> Run:
    return lambda sample: sample[0] * np.float32(factor)


_SAMPLES: list[Sample] = [(np.ones(4, np.float32),), (np.full(4, 2, np.float32),)]
_EXPECTED = np.concatenate([x for (x,) in _SAMPLES])


def test_a_peer_that_computes_something_else_is_left_out() -> None:
    result = Measurement("network", 1)
    measure(result, {"octavo": _run(1.001), "wrong": _run(-1)}, _SAMPLES, _EXPECTED, 20.0, 1, 0.001)
    assert set(result.timing) == {"octavo"} and result.sqnr["octavo"] == pytest.approx(60, abs=0.1)
    assert "SQNR -6.0 dB against float, expected at least 20" in result.cannot["wrong"]


def test_this_engine_computing_something_else_is_an_error() -> None:
    with pytest.raises(RuntimeError, match=r"network: octavo dynamic: SQNR -6\.0 dB"):
        measure(Measurement("network", 1), {"octavo dynamic": _run(-1)}, _SAMPLES, _EXPECTED, 20.0, 1, 0.001)


def test_the_table_says_who_is_left_out_once() -> None:
    results = [Measurement(name, 1, cannot={"peer": "no such operator.\nsecond line"}) for name in ("a", "b")]
    table = comparison_table("title", results, [ratio_column()], ["note"])
    assert table.row_count == 2
    assert str(table.caption).splitlines() == ["note", "a, b: peer is left out. no such operator.", "second line"]


def test_sizes_in_which_samples_differ_stay_open() -> None:
    short, long = np.zeros((1, 3)), np.zeros((1, 5))
    assert dynamic_shapes([(short, short), (short, short)]) is None
    found = dynamic_shapes([(short, short), (long, short)])
    assert found is not None and [list(axes) for axes in found] == [[1], []]
