"""Records of two commits: what counts as slower, and what as the machine's pace or noise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import record, regressions


def _timing(**milliseconds: float) -> dict[str, Any]:
    return {"timing": {name: {"median": ms * 1.1, "minimum": ms} for name, ms in milliseconds.items()}}


def _record(section: str, **results: Any) -> dict[str, Any]:
    return {section: {"environment": {}, "results": results}}


def _worse(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return [change.name for change in regressions.compare(old, new) if change.is_worse]


OLD = _record("networks", net=_timing(octavo=8.0, onnxruntime=10.0, openvino=9.0, float=40.0))


@pytest.mark.parametrize(
    ("times", "worse"),
    [
        ({"octavo": 8.0, "onnxruntime": 10.0, "openvino": 9.0, "float": 40.0}, False),
        ({"octavo": 8.3, "onnxruntime": 10.0, "openvino": 9.0, "float": 40.0}, False),  # less than 5 %
        ({"octavo": 8.8, "onnxruntime": 10.0, "openvino": 9.0, "float": 40.0}, True),
        ({"octavo": 16.0, "onnxruntime": 20.0, "openvino": 18.0, "float": 80.0}, False),  # a slower machine
        ({"octavo": 8.0, "onnxruntime": 5.0, "openvino": 4.5, "float": 20.0}, True),  # a faster one, nothing gained
        ({"octavo": 8.8, "onnxruntime": 10.0, "openvino": 7.5, "float": 44.0}, False),  # peers moved as far apart
    ],
)
def test_slower_than_the_others_by_more_than_they_move_apart(times, worse):
    assert _worse(OLD, _record("networks", net=_timing(**times))) == (["net: octavo"] if worse else [])


def test_a_disturbed_median_with_a_good_minimum_is_noise():
    new = _record("networks", net=_timing(octavo=8.0, onnxruntime=10.0, openvino=9.0, float=40.0))
    new["networks"]["results"]["net"]["timing"]["octavo"]["median"] = 30.0
    assert _worse(OLD, new) == []


def test_alone_a_time_says_nothing():
    assert list(regressions.compare(*[_record("networks", net=_timing(octavo=ms)) for ms in (1.0, 9.0)])) == []


def test_kernels_by_their_share_of_the_peak():
    def kernels(**microseconds: float) -> dict[str, Any]:
        return {name: {"microseconds": us, "int8_peak_gmacs": 200.0} for name, us in microseconds.items()}

    old = _record("kernels", **kernels(a=10.0, b=10.0, c=10.0))
    new = _record("kernels", **kernels(a=10.5, b=12.0, c=5.0))
    assert _worse(old, new) == ["b"]
    new["kernels"]["results"]["b"]["int8_peak_gmacs"] = 160.0  # the whole machine was slower
    assert _worse(old, new) == []


def test_bytes_and_cold_starts():
    old = _record("memory", **{"net octavo": {"bytes": {"peak": 100, "file": 10}}, "net float": {"bytes": {"peak": 1}}})
    new = _record("memory", **{"net octavo": {"bytes": {"peak": 103, "file": 10}}, "net float": {"bytes": {"peak": 9}}})
    assert _worse(old, new) == ["net octavo: peak"] and _worse(new, old) == []
    cold = [
        _record("cold start", net={"milliseconds": {"octavo": {"total_ms": ms}, "onnxruntime": {"total_ms": 400.0}}})
        for ms in (100.0, 120.0)
    ]
    assert _worse(*cold) == ["net: octavo"]


def test_the_command_says_what_is_worse(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setattr(record, "FOLDER", tmp_path)
    slower = _record("networks", net=_timing(octavo=9.0, onnxruntime=10.0, openvino=9.0, float=40.0))
    for commit, content in {"aaa111": OLD, "aaa222": slower}.items():
        (tmp_path / f"{commit}.json").write_text(json.dumps(content))
    assert regressions.main(["aaa111", str(tmp_path / "aaa222.json")]) == 1
    said = capsys.readouterr().out
    assert "net: octavo" in said and "1.125" in said and "1 worse, 0 better" in said
    assert regressions.main(["aaa222", "aaa111"]) == 0
    assert "0 worse, 1 better" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="got aaa111, aaa222 in"):
        regressions.main(["aaa", "aaa111"])


def test_by_default_the_latest_two_commits_that_measured_the_same(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setattr(record, "FOLDER", tmp_path)
    assert regressions.main([]) == 0 and "nothing to compare" in capsys.readouterr().out
    log = "c" * 40 + "\n" + "b" * 40 + "\n" + "a" * 40 + "\n"
    monkeypatch.setattr(regressions.subprocess, "run", lambda *_, **__: type("Done", (), {"stdout": log}))
    other = _record("kernels", k={"microseconds": 1.0, "int8_peak_gmacs": 1.0})
    for letter, content in {"a": OLD, "b": other, "c": OLD}.items():
        (tmp_path / f"{letter * 12}.json").write_text(json.dumps(content))
    assert [path.stem for path in regressions._latest()] == ["a" * 12, "c" * 12]
