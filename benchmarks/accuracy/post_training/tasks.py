"""What the contenders quantize, calibrate on and are scored on."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from benchmarks.accuracy.networks import example
from benchmarks.accuracy.post_training import stamps
from benchmarks.environment import ROOT
from octavo.demo import network, photographs

CALIBRATION = 100
"""Samples, without labels."""


class Task(NamedTuple):
    """A trained network with samples [n, …] float32 to calibrate on, others to be scored on, and their labels [n]."""

    model: nn.Module
    calibration: Tensor
    images: Tensor
    labels: Tensor


def _efficientnet_lite0() -> Task:
    """Calibrate on 100 stamps that show no ImageNet class; score on those that do, and on foolbox's photographs."""
    (images, labels), others = stamps.labelled(), photographs.labelled()
    scored = torch.cat([images, others.images]), torch.cat([labels, others.labels])
    return Task(network.pretrained(), stamps.unlabelled(CALIBRATION), *scored)


def _resnet18_digits() -> Task:
    """Train on 4,000 digits, the first 100 of which calibrate; score on 1,000 others. The weights are kept."""
    images, labels = example.digits()
    model, file = example.ResNet18(), ROOT / "build" / "data" / "resnet18_digits.pt"
    if not file.exists():
        torch.manual_seed(0)
        example.train(model, images[: example.TRAINING], labels[: example.TRAINING], epochs=2)
        _save(model, file)
    model.load_state_dict(torch.load(file, weights_only=True))
    return Task(model.eval(), images[:CALIBRATION], images[example.TRAINING :], labels[example.TRAINING :])


def _save(model: nn.Module, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    torch.save(model.state_dict(), partial)
    partial.replace(file)


TASKS: dict[str, Callable[[], Task]] = {"efficientnet_lite0": _efficientnet_lite0, "resnet18_digits": _resnet18_digits}
