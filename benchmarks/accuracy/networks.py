"""The networks that are trained here, for digits of 28 × 28."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

from torch import nn

from benchmarks.environment import ROOT
from benchmarks.networks.torchvision_schemas import torchvision_models


def _load_example() -> Any:
    path = ROOT / "examples" / "resnet18_mnist.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


example = _load_example()
"""The example that trains ResNet-18: its digits, its network, its training loop."""


def mobilenet_v2() -> nn.Module:
    """Build torchvision's MobileNetV2 at half its width, for one channel and a small image.

    Reference: Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018, table 2.
    """
    model: Any = torchvision_models().mobilenet_v2(num_classes=10, width_mult=0.5)
    stem = model.features[0][0]
    model.features[0][0] = nn.Conv2d(1, stem.out_channels, 3, padding=1, bias=False)
    # An image of 28 × 28 is halved three times, not five.
    model.features[2].conv[1][0].stride = (1, 1)
    return model


NETWORKS: dict[str, Callable[[], nn.Module]] = {"resnet18": example.ResNet18, "mobilenet_v2": mobilenet_v2}
