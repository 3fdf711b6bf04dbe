"""PyTorch's float32, channels last: what int8 has to beat."""

import copy
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import nn

from benchmarks.peers import Peer, Run, Sample, on_tensors


def _prepare(model: nn.Module, _calibration: Sequence[Sample], _folder: Path) -> Callable[[int], Run]:
    """Run the module as it is, in the memory format that is fastest on a CPU."""
    module = copy.deepcopy(model).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def open_session(threads: int) -> Run:
        torch.set_num_threads(threads)
        return on_tensors(module)

    return open_session


FLOAT = Peer(("torch",), _prepare)
