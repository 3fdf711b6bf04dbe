"""The files that contenders ship for a network, made once and kept, and a sample to run them on."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from benchmarks.compare import Network, cache_folder
from benchmarks.peers import UnableError, load_peer


def shipped(network: Network, forms: Sequence[str]) -> tuple[Path, Mapping[str, Path | None]]:
    """Return a sample file and, for each of `forms` (keys of PEERS), its file; None where it cannot quantize it."""
    folder = cache_folder(network)
    folder.mkdir(parents=True, exist_ok=True)
    sample = folder / "sample.npz"
    np.savez(sample, *next(iter(network.cases.values()))[0])
    files: dict[str, Path | None] = {}
    for form in forms:
        peer = load_peer(form)
        files[form] = file = folder / (peer.file or "float.pt")
        try:
            peer.prepare(network.model, network.calibration, folder)
        except UnableError:
            files[form] = None
        if form == "float":
            torch.save(network.model, file)
    return sample, files
