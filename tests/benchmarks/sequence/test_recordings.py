"""Recordings at 16 kHz and a common loudness."""

import wave
from pathlib import Path

import numpy as np
import pytest
from benchmarks.sequence.recordings import LOUDNESS, louder, read, speakers

from benchmarks.sequence import data


def _write(path: Path, samples: np.ndarray, rate: int, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


def _decibels(samples: np.ndarray) -> float:
    return 10 * np.log10(np.mean(samples.astype(np.float64) ** 2))


def test_a_tone_survives_resampling(tmp_path: Path) -> None:
    at_8k = 0.5 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)
    found = read(_write(tmp_path / "tone.wav", at_8k, 8000))
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    assert found.shape == (16000,) and found.dtype == np.float32
    # The filter of the resampler rings at both ends, and has a ripple of a percent.
    np.testing.assert_allclose(found[200:-200], expected[200:-200], atol=0.01)


def test_quiet_ones_become_louder_and_loud_ones_stay() -> None:
    noise = np.random.default_rng(0).normal(0, 1, 5000).astype(np.float32)
    assert _decibels(louder(noise * 1e-3)) == pytest.approx(LOUDNESS, abs=1e-3)  # float32
    assert np.array_equal(louder(noise * 0.3), noise * np.float32(0.3))
    assert np.array_equal(louder(np.zeros(8, np.float32)), np.zeros(8, np.float32))


def test_two_channels_are_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "stereo.wav", np.zeros(80), 8000, channels=2)
    with pytest.raises(ValueError, match=r"stereo\.wav: got 2 channels of 16 bits, expected one channel"):
        read(path)


def test_missing_ones_are_named_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "FOLDER", tmp_path)
    with pytest.raises(data.MissingDataError, match=r"spoken prompts: found no prompts/.*Remedy: `make sequence`"):
        speakers.__wrapped__()


def test_two_speakers(speakers: tuple[tuple[Path, ...], ...]) -> None:
    assert [len(files) > 300 for files in speakers] == [True, True]
    found = read(speakers[0][-1])
    assert np.isfinite(found).all() and _decibels(found) >= LOUDNESS - 0.01
