"""Each layer that trains for 8 bits, with the float module that it takes the place of and an input for it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from octavo.nn import intrinsic, qat
from octavo.nn.intrinsic import qat as fused
from octavo.qconfig import QConfig, default_embedding_qat_qconfig, get_default_qat_qconfig

PER_CHANNEL, PER_TENSOR = get_default_qat_qconfig("x86"), get_default_qat_qconfig("qnnpack")

_CONVS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
_NORMS = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
_SETTINGS: dict[int, dict[str, Any]] = {
    1: {"padding": "same", "dilation": 2},
    2: {"padding": 1, "stride": 2, "groups": 2, "padding_mode": "reflect"},
    3: {"padding": 1, "bias": False},
}


@dataclass(frozen=True)
class Layer:
    """Describe one layer.

    Args:
        trained: the class that trains for 8 bits.
        build: makes the float module.
        draw: draws inputs from a generator.
        qconfig: whose weights are rounded per channel.
    """

    trained: Any
    build: Callable[[], nn.Module]
    draw: Callable[[torch.Generator], tuple[Tensor, ...]]
    qconfig: QConfig = PER_CHANNEL

    def float_module(self, seed: int = 0, qconfig: QConfig | None = None) -> Any:
        """Make the float module, with batch norms that are not those of a new model."""
        torch.manual_seed(seed)
        module: Any = self.build()
        for norm in module.modules():
            if hasattr(norm, "running_var"):
                nn.init.uniform_(norm.weight, 0.5, 1.5)
                nn.init.uniform_(norm.bias, -1, 1)
                nn.init.uniform_(norm.running_mean, -1, 1)
                nn.init.uniform_(norm.running_var, 0.5, 2)
        module.qconfig = qconfig or self.qconfig
        return module.train()

    def pair(self, seed: int = 0, qconfig: QConfig | None = None) -> tuple[Any, Any]:
        """Return the float module, and the layer made of a copy of it."""
        module = self.float_module(seed, qconfig)
        return module, self.trained.from_float(copy.deepcopy(module))

    def inputs(self, seed: int = 0) -> tuple[Tensor, ...]:
        """Draw inputs."""
        return self.draw(torch.Generator().manual_seed(seed))


def _image(axes: int) -> Callable[[torch.Generator], tuple[Tensor, ...]]:
    return lambda generator: (torch.randn(4, 4, *[6, 7, 5][:axes], generator=generator) * 2 + 0.5,)


def _rows(generator: torch.Generator) -> tuple[Tensor, ...]:
    return (torch.randn(8, 5, generator=generator) + 0.5,)


def _ids(generator: torch.Generator) -> tuple[Tensor, ...]:
    return (torch.randint(0, 11, (3, 4), generator=generator),)


def _conv(axes: int) -> nn.Module:
    return _CONVS[axes](4, 6, 3, **_SETTINGS[axes])


def _layers() -> dict[str, Layer]:
    layers = {}
    for axes in (1, 2, 3):
        d = f"{axes}d"
        image = _image(axes)
        layers[f"Conv{d}"] = Layer(getattr(qat, f"Conv{d}"), lambda axes=axes: _conv(axes), image)
        for name, rest in (("ConvBn", 1), ("ConvBnReLU", 2), ("ConvReLU", 0)):

            def build(axes: int = axes, name: str = name + d, rest: int = rest) -> nn.Module:
                parts: list[nn.Module] = [_conv(axes)]
                parts += [_NORMS[axes](6)] if rest else []
                parts += [nn.ReLU()] if rest != 1 else []
                return getattr(intrinsic, name)(*parts)

            layers[name + d] = Layer(getattr(fused, name + d), build, image)
    layers["Linear"] = Layer(qat.Linear, lambda: nn.Linear(5, 6), _rows)
    layers["LinearReLU"] = Layer(fused.LinearReLU, lambda: intrinsic.LinearReLU(nn.Linear(5, 6), nn.ReLU()), _rows)
    layers["LinearBn1d"] = Layer(
        fused.LinearBn1d, lambda: intrinsic.LinearBn1d(nn.Linear(5, 6), nn.BatchNorm1d(6)), _rows
    )
    table = default_embedding_qat_qconfig
    layers["Embedding"] = Layer(qat.Embedding, lambda: nn.Embedding(11, 6, padding_idx=2), _ids, table)
    layers["EmbeddingBag"] = Layer(qat.EmbeddingBag, lambda: nn.EmbeddingBag(11, 6, mode="mean"), _ids, table)
    return layers


LAYERS = _layers()
NORMED = {name: layer for name, layer in LAYERS.items() if "Bn" in name}
