"""Memory that is free and yet counted as the process's own."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any


def hand_back() -> None:
    """Give memory that was freed back to the system, where the C library keeps it for later.

    glibc gives back what lies at the end of its heap, and of tensors below 32 MB little does: of ResNet-18 100 MB are
    kept so once its norms are folded and its layers rounded. A call takes about a millisecond; elsewhere it is none.
    """
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Any:
    return getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
