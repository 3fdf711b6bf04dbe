"""Spoken prompts of two speakers: an English one and a French one, 8 kHz.

They come with Debian's asterisk-core-sounds-en-wav and asterisk-core-sounds-fr-wav, unpacked and not installed.
"""

import functools
import wave
from math import gcd
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from benchmarks.sequence.data import find

RATE = 16_000
"""Samples a second of everything that this module returns."""
LOUDNESS = -30.0
"""dB below full scale that quieter recordings are amplified to."""


@functools.cache
def speakers() -> tuple[tuple[Path, ...], ...]:
    """Return the files of each speaker, in the order of their names.

    Raises MissingDataError where the Debian packages could not be had.
    """
    remedy = "`make sequence` downloads and unpacks them with apt-get and dpkg-deb, where there is a Debian archive"
    folders = [
        find(f"prompts/usr/share/asterisk/sounds/{language}_*", "the spoken prompts", remedy)[0]
        for language in ("en", "fr")
    ]
    return tuple(tuple(sorted(folder.glob("*.wav"))) for folder in folders)


def read(path: Path) -> np.ndarray:
    """Return a recording as [samples] float32 in [−1, 1] at 16 kHz, made louder where it is quieter than −30 dB.

    Raises ValueError where the file is not mono with 16 bits.
    """
    with wave.open(str(path)) as file:
        if (file.getnchannels(), file.getsampwidth()) != (1, 2):
            got = f"{file.getnchannels()} channels of {8 * file.getsampwidth()} bits"
            raise ValueError(f"{path}: got {got}, expected one channel of 16 bits")
        rate, frames = file.getframerate(), file.readframes(file.getnframes())
    samples = np.frombuffer(frames, "<i2").astype(np.float32) / 32768
    common = gcd(rate, RATE)
    return louder(resample_poly(samples, RATE // common, rate // common).astype(np.float32))


def louder(samples: np.ndarray) -> np.ndarray:
    """Amplify [samples] float32 to LOUDNESS (root of the mean square, re full scale), unless it is louder already."""
    power = float(np.mean(samples.astype(np.float64) ** 2))
    if power == 0:
        return samples
    gain = LOUDNESS - 10 * np.log10(power)
    return samples * np.float32(10 ** (gain / 20)) if gain > 0 else samples
