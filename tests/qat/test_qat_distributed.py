"""Two ranks with other data each train one model for 8 bits: same ranges, scales and statistics, same integers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.qat.train_on_ranks import CASES
from tests.tutorials import mobilenet

_SCRIPT = Path(__file__).with_name("train_on_ranks.py")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where two ranks, started by torchrun, have written what they trained."""
    folder = tmp_path_factory.mktemp("ranks")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    environment = {**os.environ, "PYTHONPATH": str(_SCRIPT.parents[2]), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*torchrun, str(_SCRIPT), str(folder)], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.fixture(params=range(len(CASES)), ids=lambda i: f"{CASES[i][0]}, broadcast_buffers={CASES[i][1]}")
def ranks(request: pytest.FixtureRequest, folder: Path) -> list[dict[str, Any]]:
    """What each rank has trained."""
    return [torch.load(folder / f"{request.param}-{rank}.pt", weights_only=True) for rank in range(2)]


@pytest.mark.parametrize("when", ["moved", "frozen"])
def test_ranges_scales_and_statistics_are_equal(ranks: list[dict[str, Any]], when: str) -> None:
    first, second = (rank[when] for rank in ranks)
    assert first.keys() == second.keys()
    assert all(torch.equal(value, second[key]) for key, value in first.items())
    for kind in ("running_var", "activation_post_process.scale", "min_val", "weight_fake_quant.scale"):
        assert any(key.endswith(kind) for key in first)


def test_converted_models_are_equal(ranks: list[dict[str, Any]]) -> None:
    first, second = ranks
    assert torch.equal(first["output"], second["output"])
    assert all(
        torch.equal(value, second["converted"][key]) if isinstance(value, torch.Tensor) else True
        for key, value in first["converted"].items()
    )


def test_frozen_ranges_and_statistics_stay(ranks: list[dict[str, Any]]) -> None:
    for rank in ranks:
        moved, frozen = rank["moved"], rank["frozen"]
        assert all(not value.any() for key, value in frozen.items() if key.endswith("observer_enabled"))
        kept = ("min_val", "max_val", "running_mean", "running_var", "num_batches_tracked")
        assert all(torch.equal(value, moved[key]) for key, value in frozen.items() if key.endswith(kept))


def test_statistics_are_those_of_all_ranks(ranks: list[dict[str, Any]]) -> None:
    """The input's range is a mean over ranks: rank 1 has brighter images, which rank 0 alone would not cover."""
    first = [mobilenet.images(4, 8, seed=rank)[0][0] * (1 + 2 * rank) + rank for rank in range(2)]
    key = "quant.activation_post_process.activation_post_process.max_val"
    alone, high = first[0].max(), ranks[0]["moved"][key]
    assert bool(high > 1.5 * alone) and bool(high <= first[1].max() * 1.001)
