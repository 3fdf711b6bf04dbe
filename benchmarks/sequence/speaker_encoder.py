"""Resemblyzer's speaker encoder, without its package's imports: mel frames in, an embedding of the voice out.

Reference: Wan et al., Generalized End-to-End Loss for Speaker Verification, ICASSP 2018.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.sequence.mel import BANDS, mel_spectrogram
from benchmarks.sequence.recordings import read
from octavo.demo.packages import folder

WINDOW = 160
"""Mel frames that the encoder was trained on: 1.6 s."""


class SpeakerEncoder(nn.Module):
    """Three layers of LSTM and a linear layer, with the pretrained weights.

    Raises MissingPackageError where Resemblyzer is not installed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(BANDS, 256, 3, batch_first=True)
        self.linear = nn.Linear(256, 256)
        path = folder("resemblyzer", "Resemblyzer") / "pretrained.pt"
        state = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
        self.load_state_dict({k: v for k, v in state.items() if not k.startswith("similarity")})
        self.eval()

    def forward(self, mels: Tensor) -> Tensor:
        """Return embeddings [n, 256] float32, >= 0, of mel spectrograms [n, frames, 40] float32.

        Resemblyzer goes on to divide each by its length, which no cosine sees.
        """
        _, (hidden, _) = self.lstm(mels)
        return torch.relu(self.linear(hidden[-1]))


def windows(files: Sequence[Path], frames: int = WINDOW) -> np.ndarray:
    """Cut each recording into windows of `frames` mel frames that overlap by half; those that are shorter have none.

    Returns: [n, frames, 40] float32.
    """
    cut = []
    for path in files:
        mels = mel_spectrogram(read(path))
        cut += [mels[start : start + frames] for start in range(0, len(mels) - frames + 1, frames // 2)]
    return np.stack(cut) if cut else np.empty((0, frames, BANDS), np.float32)
