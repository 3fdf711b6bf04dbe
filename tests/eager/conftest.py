"""Settings for tests of the eager front door."""

from collections.abc import Iterator

import pytest
import torch

from octavo.nn.conversions import Conversions, conversions


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    """Seed PyTorch, and give it one thread: test processes run side by side."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def counted() -> Iterator[Conversions]:
    """Count the conversions of one test."""
    with conversions.recording():
        yield conversions
