"""How a model returns its tensors, as a program describes it."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils import _pytree as pytree

from octavo.graph.errors import CaptureError
from octavo.graph.lowering.registry import Value


def returned(exported: torch.export.ExportedProgram, flat: Any) -> Any:
    """Arrange flat results as the model returns them."""
    specification = exported.call_spec.out_spec
    return pytree.tree_unflatten(list(flat), specification) if specification is not None else flat


def structure_of(result: Any, values: list[str]) -> Any:
    """Describe what the model returns as a program does, and collect its values in order."""
    if isinstance(result, Value):
        if result.name not in values:
            values.append(result.name)
        return values.index(result.name)
    if result is None:
        return None
    if isinstance(result, dict):
        return {"dict": {_key(key): structure_of(item, values) for key, item in result.items()}}
    if isinstance(result, tuple):
        return {"tuple": [structure_of(item, values) for item in result]}
    if isinstance(result, list):
        return [structure_of(item, values) for item in result]
    raise CaptureError(
        f"the model returns a {type(result).__name__} that does not depend on its inputs; a program returns tensors. "
        "Remedy: leave it out of what forward returns"
    )


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise CaptureError(f"the model returns a dict with the key {key!r}; a program keeps string keys alone")
    return key
