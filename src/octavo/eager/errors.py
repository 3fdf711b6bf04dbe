"""What goes wrong when a model is prepared, converted or fused: each with the modules' names and the remedy."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn

from octavo.nn.errors import QuantizationError


class ModeError(QuantizationError):
    """A model is in training mode where it must be in evaluation mode, or the other way round."""


class NotPreparedError(QuantizationError):
    """A model comes to `convert` without observers."""


class NotCalibratedError(QuantizationError):
    """A model comes to `convert` with observers that have seen nothing."""


class AlreadyConvertedError(QuantizationError):
    """A model comes to `convert` a second time."""


class FusionError(QuantizationError):
    """Modules cannot become one layer."""


def listed(names: Iterable[str], most: int = 20) -> str:
    """Write names as `'a', 'b'`; of many, the first ones and how many more there are."""
    all_names = [f"'{name}'" if name else "the model itself" for name in names]
    shown = ", ".join(all_names[:most])
    return shown if len(all_names) <= most else f"{shown} and {len(all_names) - most} more"


def class_names(classes: Iterable[type[nn.Module]]) -> str:
    """Write classes as `(Conv2d, ReLU)`."""
    return f"({', '.join(cls.__name__ for cls in classes)})"
