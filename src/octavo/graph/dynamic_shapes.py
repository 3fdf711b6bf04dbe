"""Which dimensions of the inputs are symbolic, and the example that torch.export traces with."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.export import Dim, ShapesCollection
from torch.utils import _pytree as pytree

from octavo.graph.seen import Place, Seen, leaves
from octavo.graph.signature import Sample, arguments


@dataclass(frozen=True)
class ExportArguments:
    """What torch.export is called with.

    Args:
        args, kwargs: of the model's forward.
        dynamic_shapes: as torch.export takes it; None where every size is fixed.
        names: for each tensor, axis to the name that the user gave the dimension.
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    dynamic_shapes: Any
    names: list[dict[int, str]]

    def tensors(self) -> list[torch.Tensor]:
        """Return the tensors among the arguments, in order."""
        return [leaf for leaf in pytree.tree_leaves((self.args, self.kwargs)) if isinstance(leaf, torch.Tensor)]


def fixed(example: Sample) -> ExportArguments:
    """Take every size as it is in the example."""
    args, kwargs = arguments(example)
    return ExportArguments(args, kwargs, None, [{} for _ in leaves(example)])


def varying(seen: Seen, shared: Mapping[Place, Any] | None = None) -> ExportArguments:
    """Let axes be symbolic that vary.

    torch.export takes a size of 1 for a constant, so an example of batch 1 is repeated to batch 2.

    Args:
        seen: what is known of the sizes.
        shared: dimensions that several axes have in common, of `shared_dims`; which others must be equal torch.export
            finds out.
    """
    largest = max(seen.alike(), key=lambda s: sum(t.numel() for t in leaves(s)))
    axes = seen.axes()
    args, kwargs, tensors = _doubled(largest, [bool(varied) for varied in axes])
    collection = ShapesCollection()
    dims = shared or {}
    for index, (tensor, varied) in enumerate(zip(tensors, axes, strict=True)):
        collection[tensor] = {axis: dims.get((index, axis), Dim.AUTO) for axis in varied}
    return ExportArguments(args, kwargs, collection, [{} for _ in tensors])


def given(model: nn.Module, example: Sample, dynamic_shapes: Any) -> ExportArguments:
    """Take the symbolic dimensions as the user wrote them for torch.export."""
    args, kwargs = arguments(example)
    tensors = leaves(example)
    ordered = dynamic_shapes
    if isinstance(dynamic_shapes, dict):
        parameters = list(inspect.signature(model.forward).parameters)
        ordered = [dynamic_shapes.get(name) for name in (*parameters[: len(args)], *kwargs)]
    specs = [_axes(spec) for spec in pytree.tree_leaves(ordered, is_leaf=lambda s: s is None or _is_axes(s))]
    if not isinstance(dynamic_shapes, (dict, tuple, list)) or len(specs) != len(tensors):
        return ExportArguments(args, kwargs, dynamic_shapes, [{} for _ in tensors])
    args, kwargs, _ = _doubled(example, [not _is_fixed(spec.get(0)) for spec in specs])
    names = [{axis: dim.__name__ for axis, dim in spec.items() if _is_named(dim)} for spec in specs]
    return ExportArguments(args, kwargs, dynamic_shapes, names)


def _doubled(sample: Sample, wanted: Sequence[bool]) -> tuple[tuple[Any, ...], dict[str, Any], list[torch.Tensor]]:
    """Repeat the tensors that are wanted and have a batch of 1; each tensor becomes an object of its own."""
    leaves, spec = pytree.tree_flatten(arguments(sample))
    wishes = iter(wanted)
    tensors: list[torch.Tensor] = []
    for index, leaf in enumerate(leaves):
        if isinstance(leaf, torch.Tensor):
            double = next(wishes) and leaf.dim() > 0 and leaf.shape[0] == 1
            leaves[index] = torch.cat([leaf, leaf]) if double else leaf.view_as(leaf)
            tensors.append(leaves[index])
    args, kwargs = pytree.tree_unflatten(leaves, spec)
    return args, kwargs, tensors


def _is_axes(spec: Any) -> bool:
    """Tell whether a part of dynamic_shapes speaks of one tensor: a dict by axis, or a sequence of dimensions."""
    if isinstance(spec, dict):
        return all(isinstance(key, int) for key in spec)
    return isinstance(spec, (tuple, list)) and bool(spec) and not any(isinstance(s, (dict, tuple, list)) for s in spec)


def _axes(spec: Any) -> dict[int, Any]:
    if not _is_axes(spec):
        return {}
    return dict(spec) if isinstance(spec, dict) else dict(enumerate(spec))


def _is_fixed(dim: Any) -> bool:
    return dim is None or isinstance(dim, int) or dim == Dim.STATIC


def _is_named(dim: Any) -> bool:
    return getattr(dim, "__name__", "").isidentifier()
