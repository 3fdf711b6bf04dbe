from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest

import octavo.runtime


@pytest.fixture
def x(tmp_path: Path) -> Path:
    np.save(tmp_path / "x.npy", np.random.default_rng(0).standard_normal((2, 3, 8, 8)).astype(np.float32))
    return tmp_path / "x.npy"


@pytest.mark.parametrize("spelled", ["{}", "x={}"])
def test_writes_what_the_runtime_returns(call, tiny_file, x, tmp_path, spelled):
    result = call("run", tiny_file, "--input", spelled.format(x), "-o", tmp_path / "y.npz")
    assert result.exit_code == 0, result.output
    expected = octavo.runtime.load(tiny_file)(np.load(x))
    with np.load(tmp_path / "y.npz") as written:
        np.testing.assert_array_equal(written["y"], expected)


def test_single_output_as_npy(call, tiny_file, x, tmp_path):
    assert call("run", tiny_file, "--input", x, "-o", tmp_path / "y.npy").exit_code == 0
    assert np.load(tmp_path / "y.npy").shape == (2, 4, 8, 5)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 3, 7, 8), np.float32), "axis 2"),
        (np.zeros((3, 8, 8), np.float32), "3 axes"),
        (np.zeros((2, 3, 8, 8)), "float64"),
        (np.array([None]), "NumPy file of plain arrays"),
    ],
    ids=["shape", "rank", "dtype", "objects"],
)
def test_wrong_input_is_explained_and_nothing_written(call, tiny_file, tmp_path, array, message):
    np.save(tmp_path / "bad.npy", array)
    result = call("run", tiny_file, "--input", tmp_path / "bad.npy", "-o", tmp_path / "y.npz")
    assert result.exit_code == 1
    assert message in result.output and "Traceback" not in result.output
    assert not list(tmp_path.glob("*y.npz*"))


def test_full_disk_leaves_the_old_file(call, tiny_file, x, tmp_path, monkeypatch):
    (tmp_path / "y.npz").write_bytes(b"before")

    def full(stream, **arrays):
        stream.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    result = call("run", tiny_file, "--input", x, "-o", tmp_path / "y.npz")
    assert result.exit_code == 1 and "No space left" in result.output
    assert (tmp_path / "y.npz").read_bytes() == b"before"
    assert not list(tmp_path.glob(".y.npz*"))


def test_output_name_is_checked_first(call, tiny_file, x, tmp_path):
    result = call("run", tiny_file, "--input", x, "-o", tmp_path / "y.txt")
    assert result.exit_code == 1 and ".npy or .npz" in result.output
