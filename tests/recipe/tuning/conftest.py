"""A network of four layers, one of which 8 bits harm most."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn


@pytest.fixture(autouse=True)
def one_thread():
    """Let PyTorch compute on one thread: layers this small only wait for others."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Tiny(nn.Module):
    """Two convolutions, the second of which reads a few large values among small ones, and two linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.wide = nn.Conv2d(8, 8, 1)
        self.hidden = nn.Linear(8, 16)
        self.head = nn.Linear(16, 4)
        with torch.no_grad():
            self.stem.weight[0] *= 40  # one channel is as large as the range, the others have a few steps of it
            self.wide.weight[:, 0] /= 40

    def forward(self, x: Tensor) -> Tensor:
        """Compute [n, 4] of [n, 3, 8, 8]."""
        x = torch.relu(self.wide(torch.relu(self.stem(x))))
        return self.head(torch.relu(self.hidden(x.mean((2, 3)))))


@pytest.fixture(scope="session")
def tiny() -> nn.Module:
    """Return the network."""
    torch.manual_seed(0)
    return Tiny().eval()


@pytest.fixture(scope="session")
def data() -> list[Tensor]:
    """Return ten samples of two elements."""
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(2, 3, 8, 8, generator=generator) for _ in range(10)]
