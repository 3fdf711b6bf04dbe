"""The networks that engines are compared on: torchvision's own modules, unmodified, with seeded random parameters.

Two ways to fill the batch norms:

- `random`: scale, shift, mean and variance are drawn at random. Shifts dominate in the deeper networks, so the logits
  depend little on the image, and the SQNR of the logits is high (33 to 42 dB).
- `measured`: mean and variance are those of the activations themselves (training-mode passes over noise), so every
  layer keeps the scale of its signal and the logits depend on the image all the way. Noise adds up layer by layer, and
  the SQNR is far lower. This is the way for tests of equality: an error in an early layer reaches the logits.
"""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from torch import nn

from benchmarks.networks.torchvision_schemas import torchvision_models

Statistics = Literal["random", "measured"]

NETWORKS = (
    "resnet18",
    "resnet50",
    "mobilenet_v2",
    "googlenet",
    "inception_v3",
    "resnext101_32x8d",
    "shufflenet_v2_x1_0",
)
CALIBRATION_SAMPLES = 4
TEST_SAMPLES = 2


def image_size(name: str) -> int:
    """Return the height and width in pixels that the network was designed for."""
    return 299 if name == "inception_v3" else 224


def build(name: str, statistics: Statistics = "random", seed: int = 0) -> nn.Module:
    """Build the network `name` (one of NETWORKS) in eval mode; the same arguments give the same module."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        # Their truncated-normal initialisation is slow, and torchvision warns unless a choice is made.
        arguments = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
        model = getattr(torchvision_models(), name)(weights=None, **arguments)
        if statistics == "random":
            _draw_statistics(model)
        else:
            _measure_statistics(model, image_size(name))
    return model.eval()


def samples(name: str, count: int, seed: int, batch: int = 1, size: int | None = None) -> list[np.ndarray]:
    """Return `count` arrays [batch, 3, size, size] float32 of standard normal noise."""
    rng = np.random.default_rng(seed)
    side = size or image_size(name)
    return [rng.standard_normal((batch, 3, side, side), dtype=np.float32) for _ in range(count)]


def calibration_samples(name: str) -> list[np.ndarray]:
    """Return the samples that every engine calibrates on, each [1, 3, size, size] float32."""
    return samples(name, CALIBRATION_SAMPLES, seed=1)


def test_samples(name: str) -> list[np.ndarray]:
    """Return the samples that outputs are compared on, none of them used for calibration."""
    return samples(name, TEST_SAMPLES, seed=2)


def count_macs(model: nn.Module, sample: np.ndarray) -> int:
    """Count the multiply-accumulates of all convolutions and linear layers that one forward pass of `sample` does."""
    total = 0

    def count(module: nn.Module, _inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        nonlocal total
        weight = module.weight
        assert isinstance(weight, torch.Tensor)
        total += output.numel() * weight[0].numel()

    hooks = [m.register_forward_hook(count) for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    try:
        with torch.no_grad():
            model(torch.from_numpy(sample))
    finally:
        for hook in hooks:
            hook.remove()
    return total


def float_outputs(model: nn.Module, inputs: list[np.ndarray]) -> np.ndarray:
    """Run the float model over each input; return the outputs joined along the batch."""
    with torch.no_grad():
        return np.concatenate([model(torch.from_numpy(x)).numpy() for x in inputs])


def _batch_norms(model: nn.Module) -> Iterator[nn.BatchNorm2d]:
    return (m for m in model.modules() if isinstance(m, nn.BatchNorm2d))


def _draw_statistics(model: nn.Module) -> None:
    with torch.no_grad():
        for norm in _batch_norms(model):
            assert norm.running_mean is not None and norm.running_var is not None
            norm.weight.uniform_(0.8, 1.2)
            norm.bias.normal_(0, 0.1)
            norm.running_mean.normal_(0, 0.1)
            norm.running_var.uniform_(0.5, 2.0)


def _measure_statistics(model: nn.Module, size: int) -> None:
    momenta = [norm.momentum for norm in _batch_norms(model)]
    with torch.no_grad():
        for norm in _batch_norms(model):
            norm.weight.uniform_(0.5, 1.5)
            norm.bias.normal_(0, 0.1)
            norm.momentum = 1.0  # the one pass below is all there is to average
        model.train()
        model(torch.randn(4, 3, size, size))
    for norm, momentum in zip(_batch_norms(model), momenta, strict=True):
        norm.momentum = momentum
