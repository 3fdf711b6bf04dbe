"""Show calibration data to the observers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Sized
from itertools import islice

import torch

from octavo.graph.errors import CalibrationError
from octavo.graph.execute import Watch, execute
from octavo.graph.prepare import Prepared
from octavo.graph.signature import Sample

Progress = Callable[[int, int | None], None]
"""Called with the number of samples done and, where it is known, of all samples."""


def calibrate(
    prepared: Prepared,
    data: Iterable[Sample],
    progress: Progress | None = None,
    limit: int | None = None,
    watchers: Sequence[Watch] = (),
) -> Prepared:
    """Run the float graph on samples and let the observers see every value that will have 8 bits.

    Memory does not grow with the number of samples, but for what a watcher keeps of them. Constants that are computed
    take theirs while it lasts. An interrupt leaves a graph that can be calibrated further.

    Args:
        prepared: its observers are updated in place.
        data: any iterable of tensors, tuples of tensors or dicts of tensors.
        progress: called after each sample.
        limit: how many samples to use at most.
        watchers: called with the name and the tensor of every value of the graph, besides the observers. Where they
            keep the inputs, these have to stay as they are: see `lasting`.

    Returns: `prepared`.

    Raises:
        CalibrationError: there is no sample, or one does not fit the model, holds NaN or infinite values or leads to
            such inside the network, or has indices that point nowhere; the message names the sample and the layer.
    """
    total = len(data) if isinstance(data, Sized) else None
    total = limit if total is None else total if limit is None else min(limit, total)
    watched = {value: prepared.observers[prepared.groups[value]] for value in prepared.watched}
    layers = {value: node.name for value, node in prepared.graph.producers().items()}
    graph, where = prepared.graph.computed(), ""

    def watch(value: str, tensor: torch.Tensor) -> None:
        observer = watched.get(value)
        if observer is not None:
            try:
                observer(tensor)
            except ValueError as error:
                raise not_finite(where, layers.get(value, value), tensor) from error
        for watcher in watchers:
            watcher(value, tensor)

    for index, sample in enumerate(islice(data, limit)):
        where = f"calibration sample {index}"
        inputs = prepared.signature.bind(sample, where)
        try:
            execute(graph, inputs, watch)
        except CalibrationError:
            raise
        except (IndexError, ValueError) as error:
            raise CalibrationError(f"{where}: {error}") from error
        prepared.samples += 1
        if progress is not None:
            progress(index + 1, total)
    if prepared.samples == 0:
        raise CalibrationError("there is no calibration data: the iterable gave no sample; pass at least one")
    return prepared


def not_finite(where: str, layer: str, tensor: torch.Tensor) -> CalibrationError:
    """Say that a value that has to be observed is NaN or infinite.

    Args:
        where: what was being computed, `calibration sample 3`.
        layer: whose value it is.
        tensor: the value.
    """
    bad = int((~torch.isfinite(tensor)).sum())
    return CalibrationError(
        f"{where}: {bad} of {tensor.numel()} values that layer '{layer}' computes are NaN or infinite; expected finite "
        "numbers. Remedy: check the range of the inputs and the model's weights, or leave the sample out"
    )
