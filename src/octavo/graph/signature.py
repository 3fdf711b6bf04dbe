"""How a sample of data becomes the model's tensors, and what is checked of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils import _pytree as pytree

from octavo.graph.errors import CalibrationError
from octavo.graph.ir import GraphInput, SymbolRange

Sample = Any
"""A tensor, a tuple or list of positional arguments, or a dict of keyword arguments."""


def arguments(sample: Sample) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Split a sample into the positional and keyword arguments of the model's forward.

    Raises:
        TypeError: the sample is none of a tensor, tuple, list or dict.
    """
    if isinstance(sample, torch.Tensor):
        return (sample,), {}
    if isinstance(sample, Mapping):
        return (), dict(sample)
    if isinstance(sample, (tuple, list)):
        return tuple(sample), {}
    raise TypeError(
        f"a sample is a {type(sample).__name__}; expected a tensor, a tuple of tensors or a dict of tensors"
    )


@dataclass(frozen=True)
class Signature:
    """The tensors that a captured model takes, in order.

    Args:
        inputs: one for each tensor.
        symbols: range of each symbolic dimension.
        keywords: names of the keyword arguments in the order of capture; empty where they are positional.
    """

    inputs: tuple[GraphInput, ...]
    symbols: dict[str, SymbolRange]
    keywords: tuple[str, ...]

    def bind(self, sample: Sample, where: str, finite: bool = True) -> dict[str, torch.Tensor]:
        """Match a sample to the inputs, and check it.

        Args:
            sample: a tensor, tuple or list of tensors, or dict of tensors.
            where: what to call the sample in an error, `calibration sample 3`.
            finite: whether to look for NaN and infinite values, which a device has to be waited for.

        Returns: input name to tensor.

        Raises:
            CalibrationError: count, names, dtype or shape are wrong, or a value is NaN or infinite.
        """
        tensors = [_integers(t) for t in self._tensors(sample, where)]
        if len(tensors) != len(self.inputs):
            names = ", ".join(i.name for i in self.inputs)
            hint = "; of (image, label) pairs pass the image alone" if len(tensors) > len(self.inputs) else ""
            raise CalibrationError(
                f"{where} has {len(tensors)} tensors, the model takes {len(self.inputs)} ({names}){hint}"
            )
        sizes: dict[str, int] = {}
        for graph_input, tensor in zip(self.inputs, tensors, strict=True):
            self._check(graph_input, tensor, sizes, where)
            if finite:
                _check_finite(tensor, f"{where}, input '{graph_input.name}'")
        return {i.name: t for i, t in zip(self.inputs, tensors, strict=True)}

    def _tensors(self, sample: Sample, where: str) -> list[Any]:
        try:
            positional, named = arguments(sample)
        except TypeError as error:
            raise CalibrationError(f"{where}: {error}") from None
        if bool(named) != bool(self.keywords) or set(named) != set(self.keywords):
            expected = f"a dict with the keys {sorted(self.keywords)}" if self.keywords else "positional tensors"
            got = f"a dict with the keys {sorted(named)}" if named else f"a {type(sample).__name__}"
            raise CalibrationError(f"{where} is {got}; the model was captured with {expected}")
        ordered = [named[k] for k in self.keywords] if self.keywords else positional
        return [leaf for leaf in pytree.tree_leaves(ordered) if leaf is not None]

    def _check(self, graph_input: GraphInput, tensor: Any, sizes: dict[str, int], where: str) -> None:
        at = f"{where}, input '{graph_input.name}'"
        if not isinstance(tensor, torch.Tensor):
            raise CalibrationError(f"{at} is a {type(tensor).__name__}; expected a torch.Tensor")
        if tensor.dtype != getattr(torch, graph_input.dtype):
            convert = "float" if graph_input.dtype == "float32" else "long"
            raise CalibrationError(
                f"{at} has dtype {tensor.dtype}; expected torch.{graph_input.dtype} (call .{convert}() on it)"
            )
        expected = "[" + ", ".join(str(d) for d in graph_input.shape) + "]"
        got = list(tensor.shape)
        if len(got) != len(graph_input.shape):
            raise CalibrationError(f"{at} has shape {got}; expected {expected}")
        for axis, (size, dim) in enumerate(zip(got, graph_input.shape, strict=True)):
            if isinstance(dim, int):
                if size != dim:
                    raise CalibrationError(
                        f"{at} has shape {got}; expected {expected}. If axis {axis} varies, let example_inputs and "
                        "the first samples differ there, or name it in dynamic_shapes; if they do, the model itself "
                        "works for this size alone"
                    )
                continue
            limit = self.symbols[dim]
            if sizes.setdefault(dim, size) != size:
                raise CalibrationError(f"{at} has shape {got}; '{dim}' is {sizes[dim]} elsewhere in the same sample")
            if size < limit.min or (limit.max is not None and size > limit.max):
                raise CalibrationError(f"{at} has shape {got}; '{dim}' must be in [{limit.min}, {limit.max or '…'}]")


def lasting(data: Iterable[Sample]) -> Iterable[Sample]:
    """Return samples that can be kept: those of a list or tuple as they are, of any other iterable copies.

    A loader may hand out one buffer again and again.
    """
    return data if isinstance(data, (list, tuple)) else map(copied, data)


def copied(sample: Sample) -> Sample:
    """Return a sample with tensors of its own."""
    return pytree.tree_map(lambda leaf: leaf.clone() if isinstance(leaf, torch.Tensor) else leaf, sample)


def _integers(tensor: Any) -> Any:
    """Return booleans as int64, 0 and 1, which is what a graph takes in their place."""
    return tensor.long() if isinstance(tensor, torch.Tensor) and tensor.dtype == torch.bool else tensor


def _check_finite(tensor: torch.Tensor, at: str) -> None:
    bad = int((~torch.isfinite(tensor)).sum())
    if bad:
        raise CalibrationError(f"{at} holds {bad} values that are NaN or infinite; remove or clean the sample")
