"""A few elements of the calibration data, spread over it, for what is computed many times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from octavo.graph.ir import Graph


def few_elements(graph: Graph, samples: Sequence[Mapping[str, Tensor]], most: int) -> list[dict[str, Tensor]]:
    """Return at most so many elements of batches, each as a batch of one, from samples evenly spread.

    A batch is cut along its first input's first axis, where that is symbolic and every input has an axis of that
    symbol; samples that cannot be cut are taken whole.

    Args:
        graph: whose inputs the samples are.
        samples: input name to tensor, for each sample.
        most: how many, 1 or more.
    """
    chosen = [samples[i * len(samples) // most] for i in range(most)] if len(samples) > most else list(samples)
    axes = _axes(graph)
    if not axes or not chosen:
        return [dict(sample) for sample in chosen]
    each, extra = divmod(most, len(chosen))
    taken = []
    for index, sample in enumerate(chosen):
        size = min(tensor.shape[axes[name]] for name, tensor in sample.items() if name in axes)
        count = min(size, each + (index < extra))
        places = [i * size // count for i in range(count)]
        taken += [{name: tensor.narrow(axes[name], place, 1) for name, tensor in sample.items()} for place in places]
    return taken


def _axes(graph: Graph) -> dict[str, int]:
    """Return the axis of each input that has the symbol of the batch; empty where there is none."""
    first = graph.inputs[0].shape
    batch = first[0] if first else 0
    if not isinstance(batch, str) or batch not in graph.symbols or graph.symbols[batch].min > 1:
        return {}
    axes = {given.name: given.shape.index(batch) for given in graph.inputs if batch in given.shape}
    return axes if len(axes) == len(graph.inputs) else {}
