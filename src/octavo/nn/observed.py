"""Whether an observer or a fake-quantize module has qparams to ask for."""

from __future__ import annotations

from typing import Any


def has_qparams(observer: Any) -> bool:
    """Tell whether it has seen a tensor, or needs none."""
    if hasattr(observer, "has_seen"):
        return observer.has_seen()
    try:
        observer.qparams()
    except RuntimeError:
        return False
    return True
