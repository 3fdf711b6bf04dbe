"""Octavo folds a float PyTorch network into eight bits and runs it.

`import octavo` costs nothing: PyTorch is imported when a front door is first used, and never by `octavo.runtime`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from octavo.recipe import (
        Advice,
        FinetunePlan,
        QuantizedModel,
        Recipe,
        Report,
        TunedModel,
        advise,
        distilled_data,
        finetune,
        quantize,
        save,
        tune,
    )

__version__ = "0.1.0"
__all__ = [
    "Advice",
    "FinetunePlan",
    "QuantizedModel",
    "Recipe",
    "Report",
    "TunedModel",
    "advise",
    "distilled_data",
    "finetune",
    "quantize",
    "save",
    "tune",
]

_ROOMS = frozenset(
    {
        "algorithms",
        "eager",
        "fake_quantize",
        "graph",
        "nn",
        "numerics",
        "observers",
        "ops",
        "program",
        "qconfig",
        "quantization",
        "recipe",
        "report",
        "runtime",
    }
)


def __getattr__(name: str) -> Any:
    try:
        if name in __all__:
            return getattr(importlib.import_module("octavo.recipe"), name)
        if name in _ROOMS:
            return importlib.import_module(f"octavo.{name}")
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise ImportError(f"octavo.{name} needs PyTorch: pip install 'octavo[torch]'", name="torch") from error
    raise AttributeError(f"module 'octavo' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_ROOMS})
