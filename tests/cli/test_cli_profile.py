from __future__ import annotations

import json

import pytest


def test_shows_what_each_kind_of_operator_costs(call, tiny_file):
    result = call("bench", tiny_file, "--profile", "--threads", "1,2", "--size", "batch=3", "--seconds", "0.1")
    assert result.exit_code == 0, result.output
    for threads in ("1 thread,", "2 threads,"):
        assert f"ms a run of x [3, 3, 8, 8] on {threads}" in result.output
    assert "conv 3×3" in result.output and "linear" in result.output and "quantize" in result.output
    assert "int8 multiply peak of 2 threads" in result.output and "features" not in result.output


def test_lists_every_operator(call, tiny_file):
    result = call("bench", tiny_file, "--operators", "--threads", "1", "--seconds", "0.1")
    assert result.exit_code == 0, result.output
    (row,) = (line for line in result.output.splitlines() if line.startswith("features") and "conv 3×3" in line)
    assert "1×4×8×8" in row and "%" in row


def test_writes_the_profile(call, tiny_file, tmp_path):
    path = tmp_path / "profile.json"
    result = call("bench", tiny_file, "--profile", "--threads", "1", "--seconds", "0.1", "--json", path)
    assert result.exit_code == 0, result.output
    (profile,) = json.loads(path.read_text())
    operators = {cost["name"]: cost for cost in profile["operators"] if cost["kind"] not in ("copy", "fill_halo")}
    assert list(operators) == ["x.quantize", "features", "classifier"]
    assert operators["features"]["macs"] == 4 * 8 * 8 * 27 and operators["classifier"]["macs"] == 4 * 8 * 5 * 8
    assert operators["x.quantize"]["gmacs"] is None
    assert operators["features"]["peak_share"] == pytest.approx(
        operators["features"]["gmacs"] / profile["int8_peak_gmacs"]
    )
    for costs in (profile["operators"], profile["kinds"]):
        assert sum(cost["share"] for cost in costs) == pytest.approx(1)
        assert sum(cost["microseconds"] for cost in costs) == pytest.approx(profile["microseconds"])
    assert {path.name, tiny_file.name} == {file.name for file in tmp_path.iterdir()}


def test_writes_the_times(call, tiny_file, tmp_path):
    path = tmp_path / "times.json"
    assert call("bench", tiny_file, "--threads", "1", "--seconds", "0.1", "--json", path).exit_code == 0
    (result,) = json.loads(path.read_text())
    assert result["threads"] == 1 and result["sizes"] == {"batch": 1} and result["milliseconds"]["median"] > 0
