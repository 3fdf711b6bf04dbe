"""The names of `torch.ao.quantization`, on Octavo's engine: change the import, keep the code.

`docs/torch_quantization.md` lists each name: kept, or gone and why.
"""

from __future__ import annotations

import importlib
from typing import Any

from octavo.quantization.names import GONE, PLACES

__all__ = sorted(PLACES)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in PLACES:
        return getattr(importlib.import_module(PLACES[name]), name)
    if name in GONE:
        raise AttributeError(f"octavo.quantization has no {name!r}: {GONE[name]}")
    raise AttributeError(f"module 'octavo.quantization' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *PLACES})
