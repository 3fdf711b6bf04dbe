"""Small networks with stubs, and the way from float to 8 bits."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from octavo import eager
from octavo.nn.float_functional import FloatFunctional
from octavo.nn.qtensor import QTensor
from octavo.nn.stubs import DeQuantStub, QuantStub
from octavo.qconfig import get_default_qconfig

QCONFIG = get_default_qconfig("x86")
FUSED = [["conv1", "bn1", "relu1"], ["conv2", "bn2"]]


class Residual(nn.Module):
    """Two convolutions with batch norm, a shortcut, and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.quant, self.dequant = QuantStub(), DeQuantStub()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(8)
        self.skip = FloatFunctional()
        self.fc = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu1(self.bn1(self.conv1(self.quant(x))))
        x = self.skip.add_relu(self.bn2(self.conv2(x)), x)
        return self.dequant(self.fc(x.mean((2, 3))))


class Stubbed(nn.Module):
    """A module between stubs."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.quant, self.dequant = QuantStub(), DeQuantStub()
        self.body = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.dequant(self.body(self.quant(x)))


def randomized(model: nn.Module) -> nn.Module:
    """Give batch norms statistics and factors that are not those of a new one."""
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
            if module.affine:
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.uniform_(module.bias, -0.5, 0.5)
    return model


def residual() -> nn.Module:
    """Return the network in evaluation mode."""
    return randomized(Residual()).eval()


def images(n: int = 4) -> Tensor:
    """Return a batch of small images."""
    return torch.randn(n, 3, 8, 8)


def calibrated(model: nn.Module, *inputs: Any, qconfig: Any = QCONFIG, **settings: Any) -> nn.Module:
    """Set the qconfig, prepare and run."""
    model.qconfig = qconfig
    prepared = eager.prepare(model, **settings)
    with torch.no_grad():
        prepared(*inputs)
    return prepared


def converted(model: nn.Module, *inputs: Any, qconfig: Any = QCONFIG) -> nn.Module:
    """Set the qconfig, prepare, run and convert."""
    return eager.convert(calibrated(model, *inputs, qconfig=qconfig))


def integers(model: nn.Module, *inputs: Any) -> dict[str, list[Any]]:
    """Return (integers, scale, zero_point) of every layer's output that has 8 bits."""
    outputs = eager.layer_outputs(model, *inputs)
    return {
        name: [(y.int_repr(), y.q_scale(), y.q_zero_point()) for y in calls]
        for name, calls in outputs.items()
        if all(isinstance(y, QTensor) for y in calls)
    }
