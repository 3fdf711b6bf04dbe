"""Training for 8 bits in one call."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import octavo
from octavo.fake_quantize import LearnedFakeQuantize
from octavo.numerics import sqnr
from octavo.observers import PerChannelMinMaxObserver
from octavo.qconfig import QConfig, QConfigMapping, get_lsq_qat_qconfig
from octavo.recipe import FinetuneError, FinetuneWarning
from octavo.recipe.finetuning import relative_error
from octavo.recipe.finetuning.checkpoint import Checkpoint
from octavo.recipe.finetuning.ranks import Ranks
from octavo.recipe.finetuning.start import calibrate_scales, prepared_model
from octavo.recipe.finetuning.training import Training

# Whether so short a training helps matters in the tests alone that say so.
pytestmark = pytest.mark.filterwarnings("ignore::octavo.recipe.FinetuneWarning")
PLAN = octavo.FinetunePlan(epochs=3)


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(0)
    made = nn.Sequential(
        nn.Conv2d(2, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU6(), nn.Conv2d(8, 8, 3, groups=8), nn.ReLU(),
        nn.Flatten(), nn.Linear(128, 5),
    )  # fmt: skip
    for _ in range(40):  # batch norm's statistics are those of the data
        made(torch.randn(64, 2, 8, 8))
    return made.eval()


def batches(seed: int, count: int = 8) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(16, 2, 8, 8, generator=generator) for _ in range(count)]


def quality(model: nn.Module, quantized: nn.Module) -> float:
    unseen = torch.cat(batches(1))
    with torch.inference_mode():
        return float(sqnr(model(unseen), quantized(unseen)))


def saved(quantized: octavo.QuantizedModel, folder: Path) -> bytes:
    quantized.save(folder / "model.octavo")
    return (folder / "model.octavo").read_bytes()


def test_it_comes_nearer_to_the_float_model_and_leaves_that_as_it_was(model: nn.Module) -> None:
    before = copy.deepcopy(model.state_dict())
    weight = LearnedFakeQuantize.with_args(
        observer=PerChannelMinMaxObserver, qscheme="per_channel_symmetric", ch_axis=0, dtype="int8", quant_min=-7,
        quant_max=7,
    )  # fmt: skip
    four_bits = QConfigMapping().set_global(QConfig(get_lsq_qat_qconfig().activation, weight))
    plans = octavo.FinetunePlan(learning_rate=0.0, scale_learning_rate=0.0), octavo.FinetunePlan(10, 1e-3, 1e-2)
    still, trained = (
        octavo.finetune(model, batches(0)[0], batches(0), plan=plan, qconfig_mapping=four_bits) for plan in plans
    )
    assert quality(model, trained) > quality(model, still) + 0.7  # 1.3 dB were measured
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert not model.training


def test_an_interrupted_training_goes_on_to_the_same_file(model: nn.Module, tmp_path: Path) -> None:
    whole = octavo.finetune(model, batches(0)[0], batches(0), plan=PLAN)

    def stop(done: int, _: int | None) -> None:
        if done == 13:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        octavo.finetune(model, batches(0)[0], batches(0), plan=PLAN, folder=tmp_path / "kept", progress=stop)
    steps: list[tuple[int, int | None]] = []
    resumed = octavo.finetune(
        model, batches(0)[0], batches(0), plan=PLAN, folder=tmp_path / "kept",
        progress=lambda *step: steps.append(step),
    )  # fmt: skip
    assert steps == [(done, 24) for done in range(13 + 1, 24 + 1)]
    assert saved(resumed, tmp_path) == saved(whole, tmp_path)


def test_labels_and_a_loss_of_ones_own(model: nn.Module) -> None:
    pairs = [(x, model(x).argmax(1).detach()) for x in batches(0)]
    trained = octavo.finetune(model, pairs[0][0], pairs, loss=nn.functional.cross_entropy, plan=PLAN)
    unseen = torch.cat(batches(1))
    assert (trained(unseen).argmax(1) == model(unseen).argmax(1)).float().mean() > 0.9


@pytest.mark.parametrize(("freeze_norms", "freeze_scales"), [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)])
def test_what_is_frozen_keeps_its_values(model: nn.Module, freeze_norms: float, freeze_scales: float) -> None:
    trained = prepared_model(model, batches(0)[0], None, batches(0), None)
    calibrate_scales(trained, batches(0))
    before = {name: tensor.clone() for name, tensor in trained.state_dict().items()}
    plan = octavo.FinetunePlan(freeze_norms=freeze_norms, freeze_scales=freeze_scales)
    training = Training(trained, plan, relative_error, Checkpoint(None, {}), Ranks(), None)
    training.run(lambda: [(x, model(x)) for x in batches(0)], 8)
    moved = {name for name, tensor in trained.state_dict().items() if not torch.equal(before[name], tensor)}
    assert ("0.bn.running_mean" in moved) == (freeze_norms > 0)
    assert any(name.endswith(".scale") for name in moved) == (freeze_scales > 0)
    assert "0.weight" in moved


def test_training_that_makes_it_worse_says_so_and_is_dropped(model: nn.Module) -> None:
    wild = octavo.FinetunePlan(learning_rate=1.0)
    with pytest.warns(FinetuneWarning, match="times as large.*lower learning_rate"):
        kept = octavo.finetune(model, batches(0)[0], batches(0), plan=wild)
    assert quality(model, kept) > 30


def test_a_loss_that_is_no_number(model: nn.Module, tmp_path: Path) -> None:
    pairs = [(x, torch.zeros(16)) for x in batches(0)]

    def loss(outputs: Tensor, _: Tensor) -> Tensor:
        return outputs.sum() * float("nan")

    with pytest.raises(FinetuneError, match=r"loss of step 0 is nan.*Remedy: a lower learning_rate"):
        octavo.finetune(model, pairs[0][0], pairs, loss=loss, folder=tmp_path)
    with pytest.raises(FinetuneError, match="one element with a gradient"):
        octavo.finetune(model, pairs[0][0], pairs, loss=lambda outputs, _: outputs)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (iter([torch.zeros(1, 2, 8, 8)]), "which has no length.*a DataLoader, or a list"),
        ([], "it has no batch"),
    ],
)
def test_data_that_cannot_be_trained_on(model: nn.Module, data: object, message: str) -> None:
    with pytest.raises(FinetuneError, match=message):
        octavo.finetune(model, torch.zeros(1, 2, 8, 8), data)  # type: ignore[arg-type]


def test_a_loss_needs_pairs(model: nn.Module) -> None:
    with pytest.raises(FinetuneError, match="got a Tensor for a batch, expected a pair"):
        octavo.finetune(model, batches(0)[0], batches(0), loss=nn.functional.cross_entropy)


def test_a_folder_of_another_training(model: nn.Module, tmp_path: Path) -> None:
    octavo.finetune(model, batches(0)[0], batches(0, 2), folder=tmp_path)
    with pytest.raises(FinetuneError, match="of a training with another plan, data length"):
        octavo.finetune(model, batches(0)[0], batches(0), plan=PLAN, folder=tmp_path)
    file = tmp_path / "checkpoint.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(FinetuneError, match=r"not a whole checkpoint.*delete this one"):
        octavo.finetune(model, batches(0)[0], batches(0, 2), folder=tmp_path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs: got 0, expected an integer from 1"),
        ({"learning_rate": float("nan")}, "learning_rate: got nan"),
        ({"freeze_scales": 1.5}, "freeze_scales: got 1.5, expected a share"),
    ],
)
def test_a_plan_out_of_range(settings: dict[str, float], message: str) -> None:
    with pytest.raises(FinetuneError, match=message):
        octavo.FinetunePlan(**settings)  # type: ignore[arg-type]


_TORCHRUN = """
import os, sys, torch, octavo
from torch import nn
torch.manual_seed(0)
model = nn.Sequential(nn.Conv2d(2, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5))
data = [torch.randn(4, 2, 8, 8) for _ in range(5)]
plan = octavo.FinetunePlan(epochs=2, learning_rate=1e-3, freeze_norms=0.5)
steps = []
made = octavo.finetune(model.eval(), data[0], data, plan=plan, progress=lambda *step: steps.append(step))
assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)], steps
made.save(f"{sys.argv[1]}/{os.environ['RANK']}.octavo")
"""


def test_torchrun_shares_the_batches(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(_TORCHRUN)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run([*command, script, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "0.octavo").read_bytes() == (tmp_path / "1.octavo").read_bytes()
