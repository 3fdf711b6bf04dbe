from __future__ import annotations

import json

import pytest

from octavo.runtime import load


def test_tunes_and_keeps_what_it_found(call, tiny_file):
    result = call("bench", tiny_file, "--tune", "--threads", "1,2", "--size", "batch=3", "--seconds", "0.1")
    assert result.exit_code == 0, result.output
    assert "several ways; 2 threads" in result.output and "ms a run" in result.output
    document = json.loads(tiny_file.with_name("tiny.octavo.tune").read_text())
    assert [entry["machine"]["threads"] for entry in document["entries"]] == [1, 2]
    assert document["entries"][0]["measured"]["sizes"] == {"batch": 3}
    assert load(tiny_file, threads=1).variants == document["entries"][0]["variants"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--profile",), "expected one of them"),
        (("--size", "height=3"), "a symbol of this program (batch)"),
    ],
)
def test_wrong_arguments(call, tiny_file, arguments, message):
    result = call("bench", tiny_file, "--tune", "--seconds", "0.1", *arguments)
    assert result.exit_code == 1 and message in result.output
    assert not tiny_file.with_name("tiny.octavo.tune").exists()


@pytest.mark.filterwarnings("default")
def test_a_damaged_file_is_a_line_of_warning(call, tiny_file):
    tiny_file.with_name("tiny.octavo.tune").write_text("damaged")
    result = call("bench", tiny_file, "--threads", "1", "--seconds", "0.1")
    assert result.exit_code == 0 and "warning:" in result.output and "is ignored" in result.output.replace("\n", " ")
    assert "load(file" not in result.output
