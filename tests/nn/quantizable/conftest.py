"""One thread: these networks are tiny, and on a busy machine threads would only wait for each other."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def one_thread(one_torch_thread: None) -> None:
    """Give every test here one thread."""
