"""Mel spectrograms are those of librosa with its defaults (Slaney's scale and areas)."""

import numpy as np
import pytest
from benchmarks.sequence.mel import BANDS, FFT, HOP, RATE, filters, hz_to_mel, mel_spectrogram, mel_to_hz

# librosa.mel_frequencies(n_mels=40), as its documentation prints it.
_DOCUMENTED = [
    0.0, 85.317, 170.635, 255.952, 341.269, 426.586, 511.904, 597.221, 682.538, 767.855, 853.173, 938.49, 1024.856,
    1119.114, 1222.042, 1334.436, 1457.167, 1591.187, 1737.532, 1897.337, 2071.84, 2262.393, 2470.47, 2697.686,
    2945.799, 3216.731, 3512.582, 3835.643, 4188.417, 4573.636, 4994.285, 5453.621, 5955.205, 6502.92, 7101.009,
    7754.107, 8467.272, 9246.028, 10096.408, 11025.0,
]  # fmt: skip


def test_the_scale_is_slaneys() -> None:
    frequencies = mel_to_hz(np.linspace(0, hz_to_mel(np.array(11025.0)), 40))
    np.testing.assert_allclose(frequencies, _DOCUMENTED, atol=5e-4)  # printed to a thousandth


def test_the_scale_goes_both_ways() -> None:
    frequencies = np.linspace(0, 8000, 801)
    np.testing.assert_allclose(mel_to_hz(hz_to_mel(frequencies)), frequencies, rtol=1e-12, atol=1e-9)


def test_a_filter_has_an_area_of_one() -> None:
    width = RATE / FFT
    # The triangles of the upper bands span many bins, so that their sum is near the integral.
    np.testing.assert_allclose(filters()[20:].sum(axis=1) * width, 1, rtol=0.02)


@pytest.mark.parametrize("samples", [1, 159, 160, 1000])
def test_a_frame_each_160_samples(samples: int) -> None:
    mels = mel_spectrogram(np.ones(samples, np.float32))
    assert mels.shape == (1 + samples // HOP, BANDS) and mels.dtype == np.float32


def test_power_grows_with_the_square() -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, 4000).astype(np.float32)
    np.testing.assert_allclose(mel_spectrogram(2 * samples), 4 * mel_spectrogram(samples), rtol=1e-5)  # float32 sums


@pytest.mark.parametrize("frequency", [300.0, 1000.0, 3000.0])
def test_a_tone_is_loudest_in_its_band(frequency: float) -> None:
    tone = np.sin(2 * np.pi * frequency * np.arange(RATE) / RATE).astype(np.float32)
    centres = mel_to_hz(np.linspace(0, hz_to_mel(np.array(RATE / 2)), BANDS + 2))[1:-1]
    middle = mel_spectrogram(tone)[50]
    assert abs(int(middle.argmax()) - int(np.abs(centres - frequency).argmin())) <= 1


def test_the_power_of_a_tone() -> None:
    """A sine of amplitude 1 has |spectrum| = sum(window) / 2 in its bin, and neighbours at half of that (Hann)."""
    frequency = 75 * RATE / FFT
    tone = np.sin(2 * np.pi * frequency * np.arange(RATE) / RATE).astype(np.float32)
    bins = np.array([0.25, 1, 0.25]) * (FFT / 4) ** 2
    np.testing.assert_allclose(mel_spectrogram(tone)[50], filters()[:, 74:77] @ bins, rtol=1e-3, atol=1e-4)
