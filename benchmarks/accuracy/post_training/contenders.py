"""Ways to an int8 network from samples without labels: this project's and those of others, at their best."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import nn

import octavo
from benchmarks import sessions
from benchmarks.peers import Run, Sample, load_peer, tensors

Prepare = Callable[[nn.Module, Sequence[Sample], Path], Callable[[int], Run]]
WANTED_SQNR, BUDGET = 28.0, 10.0
"""What `octavo.tune` is asked for, in dB of samples that are like those it calibrates on, and the minutes it has."""


def _octavo(recipe: str | octavo.Recipe) -> Prepare:
    return lambda model, samples, folder: _saved(
        octavo.quantize(model, tensors(samples[0]), [tensors(s) for s in samples], recipe, progress=False), folder
    )


def _without_data(model: nn.Module, samples: Sequence[Sample], folder: Path) -> Callable[[int], Run]:
    return _saved(octavo.quantize(model, _noise(samples), recipe="static", progress=False), folder)


def _distilled(model: nn.Module, samples: Sequence[Sample], folder: Path) -> Callable[[int], Run]:
    example = _noise(samples)
    data = octavo.distilled_data(model, example, progress=False)
    return _saved(octavo.quantize(model, example, data, progress=False), folder)


def _noise(samples: Sequence[Sample]) -> torch.Tensor:
    """Return an example input that has nothing of the samples but their shape and their range."""
    x = torch.as_tensor(samples[0][0])
    return x.min() + (x.max() - x.min()) * torch.rand(x.shape, generator=torch.Generator().manual_seed(0))


def _tune(model: nn.Module, samples: Sequence[Sample], folder: Path) -> Callable[[int], Run]:
    data = [tensors(sample) for sample in samples]
    tuned = octavo.tune(model, data[0], data, sqnr=WANTED_SQNR, budget=BUDGET, progress=False)
    print(tuned.table())
    return _saved(tuned, folder)


def _saved(quantized: octavo.QuantizedModel, folder: Path) -> Callable[[int], Run]:
    path = folder / "model.octavo"
    quantized.save(path)

    def open_session(threads: int) -> Run:
        program = sessions.open_session("octavo", path, threads)
        return lambda sample: program(*sample)

    return open_session


def _peer(name: str) -> Prepare:
    return lambda model, samples, folder: load_peer(name).prepare(model, samples, folder)


CONTENDERS: dict[str, Prepare] = {
    "octavo": _octavo("auto"),
    "octavo, nearest": _octavo(octavo.Recipe(rounding="nearest")),
    "octavo, no data": _without_data,
    "octavo, distilled": _distilled,
    "octavo.tune": _tune,
    "onnxruntime": _peer("onnxruntime"),
    "onnxruntime, percentile": _peer("onnxruntime percentile"),
    "openvino": _peer("openvino"),
    "torch.ao": _peer("torch.ao"),
}
