"""Which dimensions of the inputs are symbolic, and the example that torch.export traces with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.export import Dim
from torch.utils import _pytree as pytree

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
    return ExportArguments(args, kwargs, None, [{} for _ in pytree.tree_leaves((args, kwargs))])


def varying(example: Sample, samples: Sequence[Sample]) -> ExportArguments:
    """Let axis 0 of each tensor be symbolic, and every axis in which the example and the samples differ.

    torch.export takes a size of 1 for a constant, so an example of batch 1 is repeated to batch 2.
    """
    same_rank = [s for s in samples if _ranks(s) == _ranks(example)]
    largest = max([example, *same_rank], key=lambda s: sum(t.numel() for t in _leaves(s)))
    sizes = [list(zip(*(t.shape for t in tensors), strict=True)) for tensors in zip(*map(_leaves, [example, *same_rank]))]
    args, kwargs = arguments(largest)
    leaves, spec = pytree.tree_flatten((args, kwargs))
    enlarged, dynamic, index = [], [], 0
    for leaf in leaves:
        if not isinstance(leaf, torch.Tensor):
            enlarged.append(leaf)
            dynamic.append(None)
            continue
        axes = {axis for axis, seen in enumerate(sizes[index]) if axis == 0 or len(set(seen)) > 1}
        enlarged.append(torch.cat([leaf, leaf]) if axes and leaf.shape[0] == 1 else leaf)
        dynamic.append({axis: Dim.AUTO for axis in sorted(axes)})
        index += 1
    args, kwargs = pytree.tree_unflatten(enlarged, spec)
    dynamic_args, dynamic_kwargs = pytree.tree_unflatten(dynamic, spec)
    return ExportArguments(args, kwargs, dynamic_kwargs or dynamic_args, [{} for _ in range(index)])


def given(example: Sample, dynamic_shapes: Any) -> ExportArguments:
    """Take the symbolic dimensions as the user wrote them for torch.export."""
    args, kwargs = arguments(example)
    flat = pytree.tree_leaves(dynamic_shapes, is_leaf=lambda s: s is None or _is_axes(s))
    tensors = _leaves(example)
    names = [_named_axes(spec) for spec in flat] if len(flat) == len(tensors) else [{} for _ in tensors]
    return ExportArguments(args, kwargs, dynamic_shapes, names)


def _leaves(sample: Sample) -> list[torch.Tensor]:
    return [leaf for leaf in pytree.tree_leaves(arguments(sample)) if isinstance(leaf, torch.Tensor)]


def _ranks(sample: Sample) -> list[int]:
    return [tensor.dim() for tensor in _leaves(sample)]


def _is_axes(spec: Any) -> bool:
    """Tell whether a part of dynamic_shapes speaks of one tensor: a dict by axis, or a sequence of dimensions."""
    if isinstance(spec, dict):
        return all(isinstance(key, int) for key in spec)
    return isinstance(spec, (tuple, list)) and bool(spec) and not any(isinstance(s, (dict, tuple, list)) for s in spec)


def _named_axes(spec: Any) -> dict[int, str]:
    axes = spec.items() if isinstance(spec, dict) else enumerate(spec or ())
    return {axis: dim.__name__ for axis, dim in axes if getattr(dim, "__name__", "").isidentifier()}
