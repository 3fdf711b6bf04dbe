"""What the example and the samples tell of the sizes that a model will be called with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy
import torch
from torch import fx
from torch.export import Dim
from torch.utils import _pytree as pytree

from octavo.graph.signature import Sample, arguments

Place = tuple[int, int]
"""A tensor among the arguments, and an axis of it."""


@dataclass(frozen=True)
class Seen:
    """What is known of the sizes: axis 0 of each tensor varies, and whatever differs in the example and the samples.

    Args:
        example, samples: of the model's inputs; samples that are not built like the example are not looked at:
            calibration refuses them, by their number.
        text: whether the length of ids and masks, [n, length] int64 or bool, varies though it was not seen to.
    """

    example: Sample
    samples: Sequence[Sample]
    text: bool

    def alike(self) -> list[Sample]:
        """Return the example, and the samples that are built like it."""
        return [self.example, *(s for s in self.samples if _layout(s) == _layout(self.example))]

    def axes(self) -> list[list[int]]:
        """Return which axes of each tensor are symbolic."""
        axes = [_varying_axes(tensors) for tensors in zip(*map(leaves, self.alike()), strict=True)]
        texts = [self.text and _is_text(tensor) for tensor in leaves(self.example)]
        return [[0, 1] if text else varied for text, varied in zip(texts, axes, strict=True)]

    def has_text(self) -> bool:
        """Tell whether `text` makes a difference."""
        return self.axes() != Seen(self.example, self.samples, not self.text).axes()


def shared_dims(seen: Seen, graph: fx.Graph, limits: Mapping[sympy.Symbol, Any]) -> dict[Place, Any]:
    """Find what is one dimension of several tensors, the same axis of each, though the model does not demand it.

    A batch of ids and a batch of masks agree in the example and in all samples: they should be one dimension.

    Args:
        seen: what is known of the sizes.
        graph: what torch.export made of `varying`, where each such axis has a symbol of its own.
        limits: the integers that each symbol may be.

    Returns: a dimension for each of these axes, within the limits that the model has; nothing where there are none.
    """
    alike = [leaves(sample) for sample in seen.alike()]
    symbols = [list(node.meta["val"].shape) for node in tensor_inputs(graph)]
    groups: dict[Any, dict[Place, Any]] = {}
    for index, varied in enumerate(seen.axes()):
        for axis in varied:
            size = symbols[index][axis]
            if isinstance(size, torch.SymInt) and isinstance(size.node.expr, sympy.Symbol):
                key = axis, tuple(tensors[index].shape[axis] for tensors in alike)
                groups.setdefault(key, {})[index, axis] = size.node.expr
    apart = [places for places in groups.values() if len(set(places.values())) > 1]
    dims = {}
    for number, places in enumerate(apart):
        ranges = [limits[symbol] for symbol in places.values()]
        low = max((int(r.lower) for r in ranges if r.lower > 2), default=None)
        high = min((int(r.upper) for r in ranges if r.upper.is_Integer), default=None)
        dims |= dict.fromkeys(places, Dim(f"shared_{number}", min=low, max=high))
    return dims


def tensor_inputs(graph: fx.Graph) -> list[fx.Node]:
    """Return the inputs of an exported graph that are tensors of the user."""
    return [n for n in graph.nodes if n.op == "placeholder" and isinstance(n.meta.get("val"), torch.Tensor)]


def leaves(sample: Sample) -> list[torch.Tensor]:
    """Return the tensors of a sample, in order."""
    return [leaf for leaf in pytree.tree_leaves(arguments(sample)) if isinstance(leaf, torch.Tensor)]


def _layout(sample: Sample) -> Any:
    """Return how a sample is built, without its sizes; None where it is no sample."""
    try:
        leaves, spec = pytree.tree_flatten(arguments(sample))
    except TypeError:
        return None
    kinds = [(leaf.dim(), leaf.dtype) if isinstance(leaf, torch.Tensor) else type(leaf) for leaf in leaves]
    return str(spec), kinds


def _varying_axes(tensors: Sequence[torch.Tensor]) -> list[int]:
    sizes = zip(*(tensor.shape for tensor in tensors), strict=True)
    return [axis for axis, seen in enumerate(sizes) if axis == 0 or len(set(seen)) > 1]


def _is_text(tensor: torch.Tensor) -> bool:
    """Tell whether a tensor looks like ids or a mask [n, length]."""
    return tensor.dim() == 2 and tensor.dtype in (torch.int64, torch.bool) and tensor.shape[1] > 1
