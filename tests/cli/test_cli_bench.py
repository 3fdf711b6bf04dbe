from __future__ import annotations

import json

import pytest


def test_shows_a_row_for_each_number_of_threads(call, tiny_file):
    result = call("bench", tiny_file, "--threads", "1,2", "--size", "batch=3", "--seconds", "0.1")
    assert result.exit_code == 0, result.output
    assert "x [3, 3, 8, 8]" in result.output and "GMAC/s" in result.output
    assert [line.split()[1] for line in result.output.splitlines() if " ms " in line] == ["1", "2"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--threads", "0"), "--threads: got '0'"),
        (("--threads", "two"), "--threads: got 'two'"),
        (("--size", "height=3"), "a symbol of this program (batch)"),
        (("--size", "batch=0"), "batch = 0"),
    ],
)
def test_wrong_arguments(call, tiny_file, arguments, message):
    result = call("bench", tiny_file, "--seconds", "0.1", *arguments)
    assert result.exit_code == 1 and message in result.output


def test_requests_at_once(call, tiny_file, tmp_path):
    path = tmp_path / "served.json"
    given = ("--threads", "1,2", "--concurrency", "1,3", "--seconds", "0.2", "--json", path)
    result = call("bench", tiny_file, *given)
    assert result.exit_code == 0, result.output
    assert "requests/s" in result.output
    rows = json.loads(path.read_text())
    assert [(row["threads"], row["concurrency"]) for row in rows] == [(1, 1), (1, 3), (2, 1), (2, 3)]
    assert all(row["requests_per_second"] > 0 and row["median"] <= row["high"] for row in rows)


@pytest.mark.parametrize("arguments", [("--concurrency", "0"), ("--concurrency", "2", "--profile")])
def test_refuses_wrong_concurrency(call, tiny_file, arguments):
    result = call("bench", tiny_file, "--seconds", "0.1", *arguments)
    assert result.exit_code != 0
    assert "--concurrency: got" in result.output
