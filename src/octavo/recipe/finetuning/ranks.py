"""Several processes that train one model, as `torchrun` starts them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple

import torch.distributed as dist


class Ranks(NamedTuple):
    """Which of the processes this is, and how many there are."""

    rank: int = 0
    processes: int = 1

    @property
    def first(self) -> bool:
        """Tell whether this is the process that writes."""
        return self.rank == 0

    def share(self, data: Iterable[Any], total: int) -> Iterator[Any]:
        """Yield this process's share of the batches, as many as every other has."""
        return islice(data, self.rank, total - total % self.processes, self.processes)

    def steps(self, total: int) -> int:
        """Return how many of so many batches each process has."""
        return total // self.processes


@contextmanager
def ranks(device: str) -> Iterator[Ranks]:
    """Join the processes that `torchrun` has started; alone where there are none.

    Args:
        device: "cpu" or "cuda", where the model is trained.
    """
    if not dist.is_available() or (int(os.environ.get("WORLD_SIZE", "1")) < 2 and not dist.is_initialized()):
        yield Ranks()
        return
    ours = not dist.is_initialized()
    if ours:
        dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield Ranks(dist.get_rank(), dist.get_world_size())
    finally:
        if ours:
            dist.destroy_process_group()
