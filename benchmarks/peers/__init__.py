"""Other engines, each behind the same two functions.

A peer is a module with `VERSIONS` (the packages whose versions belong in a record) and

    prepare(model, calibration, folder) -> Callable[[int], Run]

`prepare` quantizes the float module with the peer's own default recipe for this kind of machine and keeps its files
in `folder`, where a later call finds them. The callable that it returns opens a session for a number of threads:
a `Run` takes one array [n, 3, h, w] float32 and returns the logits [n, classes] float32.
"""

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from torch import nn

Run = Callable[[np.ndarray], np.ndarray]


class Peer(Protocol):
    """What the module of a peer offers."""

    VERSIONS: tuple[str, ...]

    def prepare(self, model: nn.Module, calibration: Sequence[np.ndarray], folder: Path) -> Callable[[int], Run]: ...


PEERS = {
    "onnxruntime": "benchmarks.peers.onnx_runtime",
    "openvino": "benchmarks.peers.openvino",
    "torch.ao": "benchmarks.peers.torch_ao",
    "float": "benchmarks.peers.torch_float",
    "octavo": "benchmarks.peers.octavo_engine",
}
"""Name in the tables → module. `float` is PyTorch's own float32, for context."""


def load_peer(name: str) -> Peer:
    """Import the module of the peer `name`.

    Raises ValueError for an unknown name, ImportError where the peer is not installed.
    """
    if name not in PEERS:
        raise ValueError(f"unknown peer {name!r}; known: {', '.join(PEERS)}")
    return importlib.import_module(PEERS[name])  # type: ignore[return-value]
