"""The engine for 64-bit Arm, as `make arm` built it, gives the recorded bits under an emulator."""

import shutil
import subprocess
from itertools import groupby
from pathlib import Path

import pytest
from recording import record, recorded_cases

ROOT = Path(__file__).parents[2]
REPLAY = ROOT / "build/arm/core/octavo_replay"
EMULATOR = shutil.which("qemu-aarch64-static")
OF_A_KIND = 4


def _is_current() -> bool:
    sources = (path for path in (ROOT / "core").rglob("*") if path.suffix in (".cc", ".h"))
    return REPLAY.exists() and REPLAY.stat().st_mtime > max(path.stat().st_mtime for path in sources)


pytestmark = pytest.mark.skipif(
    EMULATOR is None or not _is_current(), reason="needs what `make arm` builds from these sources, and its emulator"
)


def _replay(path: Path) -> subprocess.CompletedProcess[str]:
    assert EMULATOR is not None
    command = [EMULATOR, "-L", "/usr/aarch64-linux-gnu", str(REPLAY), str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_some_of_each_operator_replays(tmp_path):
    kinds = groupby(recorded_cases(), key=lambda case: case[0].split("-")[0])
    cases = [case for _, group in kinds for case in list(group)[:OF_A_KIND]]
    record(tmp_path / "recording", cases)
    result = _replay(tmp_path / "recording")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "neon" in result.stdout


def test_a_different_output_is_found(tmp_path):
    name, program, inputs = next(case for case in recorded_cases() if case[0].startswith("linear"))
    record(tmp_path / "right", [(name, program, inputs)])
    right = (tmp_path / "right").read_bytes()
    (tmp_path / "wrong").write_bytes(right[:-1] + bytes([right[-1] ^ 1]))  # the last byte of the last output
    result = _replay(tmp_path / "wrong")
    assert result.returncode == 1
    assert "differs from byte" in result.stdout


def test_a_file_that_is_cut_short_is_refused(tmp_path):
    record(tmp_path / "whole", [next(case for case in recorded_cases() if case[0].startswith("linear"))])
    whole = (tmp_path / "whole").read_bytes()
    for size in (4, len(whole) // 3, 2 * len(whole) // 3, len(whole) - 1):
        (tmp_path / "short").write_bytes(whole[:size])
        result = _replay(tmp_path / "short")
        assert (result.returncode, "cut short" in result.stderr) == (2, True), size
