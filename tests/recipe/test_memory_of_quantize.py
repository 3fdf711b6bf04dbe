"""How often quantization holds a network's weights, and its samples: counted in live tensors.

The resident memory of the process follows, but by as much as the C library gives back of what was freed.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

import octavo
from octavo.recipe import tuning

# No two weights have one shape, so that a tensor's shape tells which weight it is a copy of.
CHANNELS = (3, 40, 41, 42, 43, 44)


@pytest.fixture(scope="module")
def model() -> nn.Module:
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for before, after in pairwise(CHANNELS):
        layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(CHANNELS[-1], 10)).eval()


def images(count: int = 4) -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(1, 3, 9, 9, generator=generator) for _ in range(count)]


def live(shapes: set[torch.Size]) -> dict[int, int]:
    """Return the bytes of each piece of memory that a live float tensor of one of these shapes has."""
    tensors = [each for each in gc.get_objects() if type(each) in (Tensor, nn.Parameter)]
    found = [each for each in tensors if each.is_floating_point() and each.shape in shapes]
    return {each.untyped_storage().data_ptr(): each.numel() * each.element_size() for each in found}


class Watched:
    """Counts at every step of the progress what is there besides what was there at first."""

    def __init__(self, shapes: set[torch.Size]) -> None:
        self.shapes, self.most = shapes, 0
        gc.collect()
        self.first = live(shapes)
        gc.freeze()  # what is there is not looked at again

    def __call__(self, *progress: int | str | None) -> None:
        now = live(self.shapes)
        self.most = max(self.most, sum(now[place] for place in now.keys() - self.first.keys()))


@pytest.fixture(autouse=True)
def _unfrozen() -> Iterator[None]:
    yield
    gc.unfreeze()


@pytest.mark.parametrize(
    "recipe",
    [octavo.Recipe(), octavo.Recipe(norm_reestimation=True)],
    ids=["default", "norm re-estimation"],
)
def test_float_weights_are_held_twice_the_models_own_included(model, recipe):
    data = images()
    weights = [parameter for parameter in model.parameters() if parameter.dim() > 1]
    watched = Watched({weight.shape for weight in weights})
    octavo.quantize(model, data[0], data, recipe, progress=watched)
    sizes = [weight.numel() * 4 for weight in weights]
    # Beside the model: its weights with the norms folded in, and the one that is being rounded, once more.
    assert sum(sizes[:-1]) <= watched.most <= sum(sizes) + max(sizes)


def test_tuning_holds_float_weights_twice_the_models_own_included(model):
    data = images()
    weights = [parameter for parameter in model.parameters() if parameter.dim() > 1]
    watched = Watched({weight.shape for weight in weights})
    ranges = tuning.Recipes("ranges", (tuning.Try("all", {"observer": "min_max"}),))
    steps = tuning.Profile(), tuning.ROUNDING, ranges, tuning.SCALING, tuning.MixedPrecision()
    octavo.tune(model, data[0], data, sqnr=1000.0, steps=steps, progress=watched)
    sizes = [weight.numel() * 4 for weight in weights]
    # Beside the model: with the norms folded in while samples are run, whatever is tried. Rounded weights are integers.
    assert sum(sizes[:-1]) <= watched.most <= sum(sizes) + max(sizes)


def test_samples_in_a_list_are_not_copied(model):
    data = images()
    watched = Watched({data[0].shape})
    octavo.quantize(model, data[0], data, progress=watched)
    # Of the one that is being computed: what is read of it in 8 bits, and its part of a batch.
    assert watched.most <= 2 * data[0].numel() * 4


def test_a_loader_may_hand_out_one_buffer_again_and_again(model, tmp_path):
    data = images()

    def loader() -> Iterator[Tensor]:
        buffer = torch.empty_like(data[0])
        for image in data:
            yield buffer.copy_(image)

    class Loader:
        __iter__ = staticmethod(loader)

    for name, given in (("list", data), ("loader", Loader())):
        octavo.quantize(model, data[0], given).save(tmp_path / name)
    assert (tmp_path / "list").read_bytes() == (tmp_path / "loader").read_bytes()
