"""A small network with batch norm, a residual and a layer that stays in float."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import octavo


class Small(nn.Module):
    """Convolutions with a shortcut, then a classifier and softmax."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU())
        self.branch = nn.Conv2d(16, 16, 3, padding=1)
        self.head = nn.Linear(16, 5)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Return logits and probabilities of [n, 3, h, w]."""
        x = self.stem(x)
        x = torch.relu(x + self.branch(x))
        logits = self.head(x.mean((2, 3)))
        return {"logits": logits, "probabilities": logits.softmax(1)}


@pytest.fixture(scope="session")
def model() -> nn.Module:
    """Return the network."""
    torch.manual_seed(0)
    return Small().eval()


@pytest.fixture(scope="session")
def samples() -> list[Tensor]:
    """Return four batches of its inputs."""
    torch.manual_seed(1)
    return [torch.randn(4, 3, 12, 12) for _ in range(4)]


@pytest.fixture(scope="session")
def quantized(model: nn.Module, samples: list[Tensor]) -> octavo.QuantizedModel:
    """Return the network in int8."""
    return octavo.quantize(model, samples[0][:1], samples, progress=False)
