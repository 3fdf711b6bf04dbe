"""Loads a program and runs it on the native engine: NumPy and safetensors, no PyTorch.

Importing this costs next to nothing: NumPy (60 to 100 ms by itself) and the engine come with the first name used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from octavo.runtime.instruction_set import isa
    from octavo.runtime.loaded import LoadedProgram, load
    from octavo.runtime.tuning_file import TuningWarning

__all__ = ["LoadedProgram", "TuningWarning", "isa", "load"]


def __getattr__(name: str) -> Any:
    if name == "isa":
        from octavo.runtime.instruction_set import isa

        return isa
    if name == "TuningWarning":
        from octavo.runtime.tuning_file import TuningWarning

        return TuningWarning
    if name in __all__:
        from octavo.runtime import loaded

        return getattr(loaded, name)
    raise AttributeError(f"module 'octavo.runtime' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
