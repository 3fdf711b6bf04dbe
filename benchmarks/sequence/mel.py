"""Mel spectrograms as speaker encoders take them: power, not its logarithm, on Slaney's mel scale.

Reference: Slaney, Auditory Toolbox, Interval Research Corporation, 1998, function mfcc.
"""

import functools

import numpy as np
from scipy.signal import get_window

RATE, FFT, HOP, BANDS = 16_000, 400, 160, 40
"""Samples a second, samples a frame, samples from frame to frame, mel bands."""
_LINEAR = 200 / 3  # Hz a mel below the break
_BREAK = 1000.0  # Hz, from where mels grow with the logarithm
_STEP = np.log(6.4) / 27  # natural logarithm of the frequency a mel above the break


def hz_to_mel(frequency: np.ndarray) -> np.ndarray:
    """Return mels of Hz: 3f/200 below 1 kHz, 15 + 27·ln(f/1000)/ln(6.4) from there on."""
    above = np.maximum(frequency, _BREAK)
    return np.where(frequency < _BREAK, frequency / _LINEAR, _BREAK / _LINEAR + np.log(above / _BREAK) / _STEP)


def mel_to_hz(mel: np.ndarray) -> np.ndarray:
    """Return Hz of mels, the inverse of `hz_to_mel`."""
    above = np.maximum(mel - _BREAK / _LINEAR, 0)
    return np.where(mel < _BREAK / _LINEAR, mel * _LINEAR, _BREAK * np.exp(_STEP * above))


@functools.cache
def filters() -> np.ndarray:
    """Return the triangular filters [40, 201] float32, each with an area of 1 over Hz."""
    frequencies = np.linspace(0, RATE / 2, FFT // 2 + 1)
    corners = mel_to_hz(np.linspace(0, hz_to_mel(np.array(RATE / 2)), BANDS + 2))
    lower, middle, upper = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    rising, falling = (frequencies - lower) / (middle - lower), (upper - frequencies) / (upper - middle)
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles * 2 / (upper - lower)).astype(np.float32)


def mel_spectrogram(samples: np.ndarray) -> np.ndarray:
    """Return the power in each mel band and frame.

    Args:
        samples: [n] float32 at 16 kHz, n >= 1. Frames are centred on every 160th sample, with silence around.

    Returns: [1 + n // 160, 40] float32, >= 0.
    """
    padded = np.pad(samples, FFT // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, FFT)[::HOP]
    spectrum = np.fft.rfft(frames * get_window("hann", FFT))
    return (np.abs(spectrum) ** 2).astype(np.float32) @ filters().T
