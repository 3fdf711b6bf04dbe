"""Where a float module's time goes: measured, layer by layer."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from torch import nn

from octavo.graph.capture import evaluating
from octavo.graph.signature import Sample, arguments

# Modules that compute as one, whatever they hold.
_WHOLE = (nn.MultiheadAttention, nn.RNNBase, nn.RNNCellBase, nn.TransformerEncoderLayer)

KINDS: tuple[tuple[str, tuple[type[nn.Module], ...]], ...] = (
    ("convolution", (nn.modules.conv._ConvNd,)),
    ("recurrent", (nn.RNNBase, nn.RNNCellBase)),
    ("attention", (nn.MultiheadAttention, nn.TransformerEncoderLayer)),
    ("linear", (nn.Linear, nn.Bilinear)),
    ("embedding", (nn.Embedding, nn.EmbeddingBag)),
)
"""What decides how a network is best quantized; all else is "other"."""


@dataclass(frozen=True)
class KindTime:
    """What the layers of one kind take.

    Args:
        kind: one of `KINDS`, "other" for all other modules, "functions" for what modules do between their layers.
        layers: how many there are.
        bytes: of their parameters.
        milliseconds: of one call of the model, all of them together.
        share: of the model's time, 0 to 1.
    """

    kind: str
    layers: int
    bytes: int
    milliseconds: float
    share: float


def layer_times(model: nn.Module, example_inputs: Sample, rounds: int = 5) -> list[KindTime]:
    """Measure how long the layers of each kind take in a call of the model, in evaluation mode.

    Args:
        model: a float module, left as it was.
        example_inputs: a tensor, a tuple of positional or a dict of keyword arguments.
        rounds: calls that are measured, of which the median counts; one more goes before.

    Returns: one entry for each kind that the model has, the slowest first.
    """
    args, kwargs = arguments(example_inputs)
    leaves = list(_leaves(model))
    runs: list[tuple[float, dict[str, float]]] = []
    with evaluating(model), torch.inference_mode():
        for _ in range(rounds + 1):
            spent: dict[str, float] = defaultdict(float)
            with _timed(leaves, spent):
                start = time.perf_counter()
                model(*args, **kwargs)
                runs.append((time.perf_counter() - start, spent))
    runs = runs[1:]
    total = median(whole for whole, _ in runs)
    milliseconds = {kind: median(spent[kind] for _, spent in runs) * 1e3 for kind in {_kind(leaf) for leaf in leaves}}
    milliseconds["functions"] = max(total * 1e3 - sum(milliseconds.values()), 0.0)
    entries = []
    for kind, taken in milliseconds.items():
        of_kind = [leaf for leaf in leaves if _kind(leaf) == kind]
        size = sum(p.numel() * p.element_size() for leaf in of_kind for p in leaf.parameters())
        entries.append(KindTime(kind, len(of_kind), size, taken, taken / (total * 1e3)))
    return sorted(entries, key=lambda entry: -entry.milliseconds)


def _leaves(module: nn.Module) -> Iterator[nn.Module]:
    seen: set[nn.Module] = set()

    def walk(part: nn.Module) -> Iterator[nn.Module]:
        if part in seen:
            return
        seen.add(part)
        children = list(part.children())
        if isinstance(part, _WHOLE) or not children:
            yield part
            return
        for child in children:
            yield from walk(child)

    return walk(module)


def _kind(leaf: nn.Module) -> str:
    return next((kind for kind, classes in KINDS if isinstance(leaf, classes)), "other")


@contextmanager
def _timed(leaves: list[nn.Module], spent: dict[str, float]) -> Iterator[None]:
    starts: list[float] = []

    def before(*_: Any) -> None:
        starts.append(time.perf_counter())

    with ExitStack() as stack:
        for leaf in leaves:
            kind = _kind(leaf)

            def after(*_: Any, kind: str = kind) -> None:
                spent[kind] += time.perf_counter() - starts.pop()

            for handle in (leaf.register_forward_pre_hook(before), leaf.register_forward_hook(after)):
                stack.callback(handle.remove)
        yield
