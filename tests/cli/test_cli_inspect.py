from __future__ import annotations

import json
from pathlib import Path

import pytest


def test_lists_operators_shapes_and_totals(call, tiny_file):
    result = call("inspect", tiny_file)
    assert result.exit_code == 0
    for part in ("batch×3×8×8", "x.quantize", "features", "1×4×8×8", "0.25", "classifier", "3 operators"):
        assert part in result.output
    # conv: 4·8·8 outputs of 27 products; linear: 4·8·5 outputs of 8.
    assert f"{(256 * 27 + 160 * 8) / 1e6:,.2f} million multiplications" in result.output


@pytest.mark.parametrize("kept", [0, 7, 400, -1])
def test_truncated_file_is_named_in_one_block(call, tiny_file: Path, kept: int):
    whole = tiny_file.read_bytes()
    tiny_file.write_bytes(whole[:kept])
    result = call("inspect", tiny_file)
    assert result.exit_code == 1
    assert "tiny.octavo" in result.output and "truncated or altered" in result.output
    assert "Traceback" not in result.output


def test_newer_version_says_so(call, tiny_file: Path):
    whole = tiny_file.read_bytes()
    length = int.from_bytes(whole[:8], "little")
    header = json.loads(whole[8 : 8 + length])
    header["__metadata__"]["format_version"] = "9"
    changed = json.dumps(header).encode()
    tiny_file.write_bytes(len(changed).to_bytes(8, "little") + changed + whole[8 + length :])
    result = call("inspect", tiny_file)
    assert result.exit_code == 1
    assert "format_version" in result.output and "upgrade octavo" in result.output


def test_missing_file(call, tmp_path):
    result = call("inspect", tmp_path / "none.octavo")
    assert result.exit_code == 1 and "no such file" in result.output
