"""Ranges shared over two ranks."""

import io
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn

from octavo.observers import (
    HistogramObserver,
    MinMaxObserver,
    MovingAverageMinMaxObserver,
    PerChannelMinMaxObserver,
    sync_observers,
)


def _batch(rank: int, step: int) -> torch.Tensor:
    return torch.randn(4, 50, generator=torch.Generator().manual_seed(10 * step + rank)) * (1 + rank + step)


def _observers() -> nn.ModuleDict:
    return nn.ModuleDict(
        {
            "min_max": MinMaxObserver(),
            "per_channel": PerChannelMinMaxObserver(),
            "average": MovingAverageMinMaxObserver(averaging_constant=0.5),
            "histogram": HistogramObserver(bins=64),
        }
    )


def _rank(rank: int, folder: str) -> None:
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    observers = _observers()
    for step in range(3):
        for observer in observers.values():
            observer(_batch(rank, step))
        sync_observers(observers)
        if step == 1:  # a resumed run knows what was shared already
            file = io.BytesIO()
            torch.save(observers.state_dict(), file)
            file.seek(0)
            observers = _observers()
            observers.load_state_dict(torch.load(file, weights_only=True))
    late = MovingAverageMinMaxObserver()  # one rank alone has seen something
    if rank == 1:
        late(torch.tensor([-3.0, 5.0]))
    late.sync()
    torch.save({**observers.state_dict(), "late": torch.stack([late.min_val, late.max_val])}, f"{folder}/{rank}.pt")
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, torch.Tensor]]:
    folder = Path(tmp_path_factory.mktemp("ranks"))
    mp.spawn(_rank, (str(folder),), nprocs=2)
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(2)]


def test_both_ranks_know_the_same(ranks):
    assert all(torch.equal(value, ranks[1][key]) for key, value in ranks[0].items())


@pytest.mark.parametrize("name", ["min_max", "per_channel", "histogram"])
def test_they_know_what_one_process_would(ranks, name):
    alone = _observers()[name]
    for step in range(3):
        for rank in range(2):
            alone(_batch(rank, step))
    for key, value in alone.state_dict().items():
        if key != "shared":
            assert torch.equal(ranks[0][f"{name}.{key}"], value), key


def test_moving_averages_are_averaged(ranks):
    low = [torch.stack([_batch(rank, step).min() for rank in range(2)]).mean() for step in range(3)]
    expected = low[0]
    for new in low[1:]:
        expected = expected + 0.5 * (new - expected)
    torch.testing.assert_close(ranks[0]["average.min_val"], expected)


def test_a_rank_that_has_seen_nothing_does_not_count(ranks):
    assert ranks[0]["late"].tolist() == [-3.0, 5.0]


def test_alone_nothing_happens():
    observers = _observers()
    sync_observers(observers)
    assert not any(observer.has_seen() for observer in observers.values())
