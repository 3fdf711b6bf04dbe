"""What can go wrong between a float module and a program."""

from __future__ import annotations

from dataclasses import dataclass

from octavo.program import OctavoError


class CaptureError(OctavoError, RuntimeError):
    """Say that a model could not be captured, why, and what to change."""


class CaptureWarning(UserWarning):
    """Say that a captured model gives a result of another shape than the module does for some inputs."""


class CalibrationError(OctavoError, ValueError):
    """Say which calibration sample cannot be used, and why."""


class ConversionError(OctavoError, ValueError):
    """Say which layer cannot be converted, and why."""


@dataclass(frozen=True)
class UnsupportedOperator:
    """Name one operator that a program cannot express.

    Args:
        operator: as PyTorch spells it, `aten.cumsum.default`.
        layer: the module it was called in, `encoder.0`; '' for the model itself.
        reason: what about it is not supported.
        remedy: what the user can do.
    """

    operator: str
    layer: str
    reason: str
    remedy: str


class UnsupportedOperatorError(CaptureError):
    """List every operator of a model that a program cannot express, all at once."""

    def __init__(self, operators: list[UnsupportedOperator]) -> None:
        self.operators = operators
        lines = [f"  {_place(o.layer)}: {o.operator}: {o.reason}. Remedy: {o.remedy}." for o in operators]
        count = f"{len(operators)} operator{'s' if len(operators) > 1 else ''}"
        super().__init__(f"{count} of the model cannot be expressed in a program:\n" + "\n".join(lines))


def _place(layer: str) -> str:
    return f"layer '{layer}'" if layer else "the model's own forward"
