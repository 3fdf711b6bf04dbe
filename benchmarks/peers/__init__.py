"""Other engines, each behind the same two functions.

A peer is a `Peer`: the packages whose versions belong in a record, and

    prepare(model, calibration, folder) -> Callable[[int], Run]

`prepare` quantizes the float module with one of the peer's recipes for this kind of machine and keeps its files in
`folder`, where a later call finds them. The callable that it returns opens a session for a number of threads: a `Run`
takes one sample and returns the module's only output, as an array or a tensor.
"""

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.export import Dim

Sample = tuple[np.ndarray, ...]
"""The arguments of the module's forward, in order."""
Run = Callable[[Sample], object]
Prepare = Callable[[nn.Module, Sequence[Sample], Path], Callable[[int], Run]]


class Peer(NamedTuple):
    """One engine with one recipe; `file` is what of its files one would ship, "" where it writes none."""

    versions: tuple[str, ...]
    prepare: Prepare
    file: str = ""


class UnableError(Exception):
    """A contender cannot quantize this network; the message says why."""


PEERS = {
    "onnxruntime": "onnx_runtime:STATIC",
    "onnxruntime percentile": "onnx_runtime:PERCENTILE",
    "onnxruntime dynamic": "onnx_runtime_dynamic:DYNAMIC",
    "openvino": "openvino:DEFAULT",
    "torch.ao": "torch_ao:STATIC",
    "torch.ao fbgemm": "torch_ao_dynamic:FBGEMM",
    "torch.ao onednn": "torch_ao_dynamic:ONEDNN",
    "float": "torch_float:FLOAT",
    "openvino float": "openvino:FLOAT",
    "octavo": "octavo_engine:STATIC",
    "octavo dynamic": "octavo_engine:DYNAMIC",
    "octavo module": "octavo_engine:MODULE",
}
"""Name in the tables → file and name of the `Peer` in it. `float` is PyTorch's own float32 and `openvino float`
OpenVINO's, for context."""


def load_peer(name: str) -> Peer:
    """Import the peer `name`.

    Raises ValueError for an unknown name, ImportError where the peer is not installed.
    """
    if name not in PEERS:
        raise ValueError(f"unknown peer {name!r}; known: {', '.join(PEERS)}")
    module, _, attribute = PEERS[name].partition(":")
    return getattr(importlib.import_module(f"benchmarks.peers.{module}"), attribute)


def tensors(sample: Sample) -> tuple[torch.Tensor, ...]:
    """Return tensors over the memory of a sample."""
    return tuple(torch.from_numpy(array) for array in sample)


def on_tensors(module: Callable[..., torch.Tensor]) -> Run:
    """Call a module on tensors over a sample's memory: made once for each sample, as no user pays for it."""
    made: dict[int, tuple[Sample, tuple[torch.Tensor, ...]]] = {}

    def run(sample: Sample) -> torch.Tensor:
        _, arguments = made.get(id(sample)) or made.setdefault(id(sample), (sample, tensors(sample)))
        with torch.inference_mode():
            return module(*arguments)

    return run


def dynamic_shapes(samples: Sequence[Sample]) -> tuple[dict[int, object], ...] | None:
    """Return what `torch.export` needs to keep the sizes open in which the samples differ; None where they do not."""
    shapes = []
    for arrays in zip(*samples, strict=True):
        sizes = zip(*(array.shape for array in arrays), strict=True)
        shapes.append({axis: Dim.AUTO for axis, seen in enumerate(sizes) if len(set(seen)) > 1})
    return tuple(shapes) if any(shapes) else None
