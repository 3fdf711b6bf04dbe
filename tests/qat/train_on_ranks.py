"""Train networks for 8 bits on several ranks: `torchrun --nproc_per_node 2 train_on_ranks.py FOLDER`.

Each rank has other data; each writes its state and what its converted model gives to FOLDER.
"""

from __future__ import annotations

import sys

import torch
import torch.distributed as dist
from tests.qat.qat_networks import QCONFIGS, prepared, unseen
from tests.tutorials import mobilenet
from torch.nn.parallel import DistributedDataParallel

from octavo import eager
from octavo import fake_quantize as fq
from octavo.nn.intrinsic.qat import freeze_bn_stats

CASES = [("default per channel", True), ("default per channel", False), ("learned per channel", True)]
"""QConfig, and whether DistributedDataParallel sends the buffers of rank 0 to all before each step."""


def train(path: str, qconfig: str, broadcast_buffers: bool) -> None:
    """Train on this rank, which torch.distributed knows."""
    torch.set_num_threads(1)
    rank = dist.get_rank()
    model = prepared("ResNet", QCONFIGS[qconfig], seed=rank)  # DistributedDataParallel spreads those of rank 0
    wrapped = DistributedDataParallel(model, broadcast_buffers=broadcast_buffers)
    data = [(x * (1 + 2 * rank) + rank, y) for x, y in mobilenet.images(4, 8, seed=rank)]
    mobilenet.train(wrapped, data[:3], lr=1e-3)
    moved = {key: value.clone() for key, value in model.state_dict().items()}
    # A switch that is turned on every rank stays turned.
    wrapped.apply(fq.disable_observer).apply(freeze_bn_stats)
    mobilenet.train(wrapped, data[3:], lr=1e-3)
    frozen = {key: value.clone() for key, value in model.state_dict().items()}
    converted = eager.convert(model.eval())
    result = {"moved": moved, "frozen": frozen, "output": converted(unseen(8)), "converted": converted.state_dict()}
    torch.save(result, f"{path}-{rank}.pt")


if __name__ == "__main__":
    dist.init_process_group("gloo")
    for index, case in enumerate(CASES):
        train(f"{sys.argv[1]}/{index}", *case)
    dist.barrier()
    dist.destroy_process_group()
