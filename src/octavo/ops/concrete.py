"""Computing with numbers while PyTorch traces."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.utils._python_dispatch import _disable_current_modes


@contextmanager
def concretely() -> Iterator[None]:
    """Compute within a block with real tensors, recorded by no tracer: constants of a program are made once, of data.

    Tensors that a tracer has made hold none; only those from before it traced can be used.
    """
    with torch._C.DisableTorchFunction(), _disable_current_modes(), torch.no_grad():
        yield
