"""This project's own engine, from the float module through a file to the runtime, or as a module in its place."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch
from torch import nn

import octavo
from benchmarks import sessions
from benchmarks.peers import Peer, Run, Sample, UnableError, dynamic_shapes, on_tensors, tensors
from octavo.program import OctavoError


def _prepare(recipe: str, model: nn.Module, calibration: Sequence[Sample], folder: Path) -> Callable[[int], Run]:
    """Quantize anew each time: a file of an older commit would measure that commit."""
    samples = [tensors(sample) for sample in calibration]
    path = folder / f"{recipe}.octavo"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        if recipe == "static":
            quantized = octavo.quantize(model, samples[0], calibration_data=samples, progress=False)
        else:
            quantized = octavo.quantize(model, samples[0], recipe=recipe, dynamic_shapes=dynamic_shapes(calibration))
    except OctavoError as error:
        raise UnableError(str(error)) from error
    quantized.save(path)

    def open_session(threads: int) -> Run:
        program = sessions.open_session("octavo", path, threads)
        return lambda sample: program(*sample)

    return open_session


def _prepare_module(model: nn.Module, _calibration: Sequence[Sample], _folder: Path) -> Callable[[int], Run]:
    """Quantize eagerly: the time of Python around the kernels is in the numbers."""

    def open_session(threads: int) -> Run:
        torch.set_num_threads(threads)
        return on_tensors(octavo.eager.quantize_dynamic(nn.Sequential(model))[0])

    return open_session


STATIC = Peer(("octavo",), partial(_prepare, "static"), "static.octavo")
DYNAMIC = Peer(("octavo",), partial(_prepare, "dynamic"), "dynamic.octavo")
MODULE = Peer(("octavo",), _prepare_module)
