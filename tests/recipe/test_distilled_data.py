"""Calibration data made from what batch normalization has learned."""

import math

import pytest
import torch
from torch import nn

import octavo
from octavo.numerics import sqnr
from octavo.recipe import RecipeError
from octavo.recipe.distilled_data import distance

SEEN = 3 * torch.randn(64, 3, 12, 12, generator=torch.Generator().manual_seed(1)) + torch.tensor([4.0, -2, 9]).view(
    3, 1, 1
)


@pytest.fixture(scope="module")
def trained() -> nn.Sequential:
    """Statistics are those of inputs that are far from noise around 0."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8, momentum=None), nn.ReLU(),
        nn.Conv2d(8, 8, 3, stride=2), nn.BatchNorm2d(8, momentum=None), nn.ReLU6(),
        nn.Flatten(), nn.Linear(128, 10),
    )  # fmt: skip
    model(SEEN)
    return model.eval()


def distances(model: nn.Sequential, data: torch.Tensor) -> float:
    """The sum that is made small, written out number by number."""
    total = 0.0
    with torch.no_grad():
        for layer in model:
            if isinstance(layer, nn.BatchNorm2d):
                assert layer.running_mean is not None and layer.running_var is not None
                for c in range(layer.num_features):
                    values, wide = data[:, c], math.sqrt(layer.running_var[c] + layer.eps)
                    total += float((values.mean() - layer.running_mean[c]) / wide) ** 2 / layer.num_features
                    total += float(values.std(correction=0) / wide - 1) ** 2 / layer.num_features
            data = layer(data)
    return total


def test_distance_is_the_papers():
    values = torch.tensor([[[1.0, 3.0]], [[5.0, 7.0]]]).transpose(0, 1).reshape(2, 1, 2)
    mean, deviation = torch.tensor([2.0]), torch.tensor([0.5])
    expected = ((4 - 2) / 0.5) ** 2 + (math.sqrt(5) / 0.5 - 1) ** 2
    assert float(distance(values, mean, deviation)) == pytest.approx(expected, rel=1e-6)


def test_statistics_are_those_that_were_learned(trained):
    example = torch.randn(1, 3, 12, 12)
    made = octavo.distilled_data(trained, example, samples=8, steps=150)
    assert [tuple(part.shape) for part in made] == [(1, 3, 12, 12)] * 8
    noise = torch.randn(8, 3, 12, 12, generator=torch.Generator().manual_seed(0))
    assert distances(trained, torch.cat(made)) < 0.05 * distances(trained, noise)


def test_a_model_quantized_with_it_is_better_than_with_noise(trained):
    example = torch.randn(1, 3, 12, 12)
    noise = list(torch.randn(16, 1, 3, 12, 12))
    with torch.no_grad():
        exact = trained(SEEN)
    by_noise, by_made = (
        sqnr(exact, octavo.quantize(trained, example, data)(SEEN))
        for data in (noise, octavo.distilled_data(trained, example, samples=16, steps=100))
    )
    assert by_made > by_noise + 6  # dB


def test_the_model_stays_as_it_was(trained):
    before = {name: value.clone() for name, value in trained.state_dict().items()}
    trained[0].train()
    try:
        octavo.distilled_data(trained, torch.randn(2, 3, 12, 12), samples=2, steps=2)
        assert trained[0].training and not trained[1].training
    finally:
        trained[0].eval()
    assert all(torch.equal(value, before[name]) for name, value in trained.state_dict().items())
    assert all(p.grad is None for p in trained.parameters()) and not trained[1]._forward_pre_hooks


def test_the_same_seed_gives_the_same(trained):
    example = torch.randn(2, 3, 12, 12)
    one, same, other = (torch.cat(octavo.distilled_data(trained, example, 4, 3, seed)) for seed in (0, 0, 1))
    assert torch.equal(one, same) and not torch.equal(one, other)


class Named(nn.Module):
    """Overwrites its input, looks rows up, and takes names."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.norm = nn.Embedding(5, 4), nn.BatchNorm1d(4)

    def forward(self, values: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
        return self.norm(values.mul_(2) + self.table(index))


def test_integers_and_names_are_kept():
    example = {"values": torch.randn(3, 4), "index": torch.tensor([0, 3, 4])}
    told = []
    made = octavo.distilled_data(Named(), example, samples=7, steps=4, progress=lambda *steps: told.append(steps))
    assert [set(part) for part in made] == [{"values", "index"}] * 3
    assert all(torch.equal(part["index"], example["index"]) for part in made)
    assert all(part["values"].shape == (3, 4) and not part["values"].requires_grad for part in made)
    assert told == [(n, 8) for n in range(1, 9)]


class Reads(nn.Module):
    """Its batch normalization reads nothing of the input."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.norm(torch.ones(3, 2)).mean()


@pytest.mark.parametrize(
    ("model", "example", "options", "message"),
    [
        (nn.Linear(4, 4), torch.randn(2, 4), {}, "no batch normalization with running statistics.*Remedy"),
        (nn.BatchNorm1d(4, track_running_stats=False), torch.randn(2, 4), {}, "no batch normalization with running"),
        (Reads(), torch.randn(3, 2), {}, "that its inputs lead to"),
        (nn.BatchNorm1d(4), torch.ones(2, 4, dtype=torch.long), {}, "example_inputs: got no floating tensor"),
        (nn.BatchNorm1d(4), torch.randn(0, 4), {}, "empty"),
        (nn.BatchNorm1d(4), torch.full((2, 4), math.nan), {}, "not finite"),
        (nn.BatchNorm1d(4), torch.randn(2, 4), {"samples": 0}, "samples: got 0, expected at least 1"),
        (nn.BatchNorm1d(4), torch.randn(2, 4), {"steps": 0}, "steps: got 0, expected at least 1"),
    ],
)  # fmt: skip
def test_what_cannot_be(model, example, options, message):
    with pytest.raises(RecipeError, match=message):
        octavo.distilled_data(model, example, **options)
    assert not any(module._forward_pre_hooks for module in model.modules())
