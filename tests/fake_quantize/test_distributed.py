"""Two ranks train together: one range, one scale."""

from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from octavo.fake_quantize import LearnedFakeQuantize, default_fake_quant, default_per_channel_weight_fake_quant
from octavo.observers import MinMaxObserver


class _Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(6, 4)
        self.input = default_fake_quant(averaging_constant=0.5)
        self.weight = default_per_channel_weight_fake_quant()
        self.output = LearnedFakeQuantize(observer=MinMaxObserver)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.output(nn.functional.linear(self.input(x), self.weight(self.fc.weight), self.fc.bias))


def _batch(rank: int, step: int) -> torch.Tensor:
    return torch.randn(8, 6, generator=torch.Generator().manual_seed(step)) * (1 + 3 * rank)


def _rank(rank: int, folder: str) -> None:
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    torch.manual_seed(0)
    model = DistributedDataParallel(_Net(), broadcast_buffers=rank < 0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for step in range(3):
        optimizer.zero_grad()
        model(_batch(rank, step)).square().mean().backward()
        optimizer.step()
    torch.save(model.module.state_dict(), f"{folder}/{rank}.pt")
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, torch.Tensor]]:
    folder = Path(tmp_path_factory.mktemp("ranks"))
    mp.spawn(_rank, (str(folder),), nprocs=2)
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(2)]


def test_both_ranks_end_with_the_same_state(ranks):
    assert all(torch.equal(value, ranks[1][key]) for key, value in ranks[0].items())


def test_the_range_is_the_mean_over_ranks(ranks):
    mean = None
    for step in range(3):
        new = torch.stack([_batch(rank, step).max() for rank in range(2)]).mean()
        mean = new if mean is None else mean + 0.5 * (new - mean)
    torch.testing.assert_close(ranks[0]["input.activation_post_process.max_val"], mean)
