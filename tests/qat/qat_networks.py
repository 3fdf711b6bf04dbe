"""Small networks that train for 8 bits, and how they are prepared."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from tests.tutorials import mobilenet
from torch import Tensor, nn

import octavo.nn.quantized as nnq
import octavo.quantization as tq
from octavo import eager
from octavo.qconfig import QConfig, get_default_qat_qconfig, get_lsq_qat_qconfig

QCONFIGS: dict[str, QConfig] = {
    "default per channel": get_default_qat_qconfig("x86"),
    "default per tensor": get_default_qat_qconfig("qnnpack"),
    "learned per channel": get_lsq_qat_qconfig("x86", learn_zero_point=True),
    "learned per tensor": get_lsq_qat_qconfig("qnnpack"),
}


class Block(nn.Module):
    """Add a block's input to its output; where the sizes differ, through a convolution."""

    def __init__(self, inp: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inp, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out)
        self.conv2, self.bn2 = nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out)
        self.relu = nn.ReLU()
        self.shortcut = nn.Sequential(nn.Conv2d(inp, out, 1, stride), nn.BatchNorm2d(out)) if inp != out else None
        self.add = nnq.FloatFunctional()

    def forward(self, x: Tensor) -> Tensor:
        """Compute [n, out, h / stride, w / stride]."""
        y = self.conv2_bn(self.relu(self.bn1(self.conv1(x))))
        return self.add.add_relu(y, x if self.shortcut is None else self.shortcut(x))

    def conv2_bn(self, x: Tensor) -> Tensor:
        """Compute the second half."""
        return self.bn2(self.conv2(x))


class ResNet(nn.Module):
    """A ResNet of two blocks with what such networks are made of: strides, a max and an average pool, a flatten."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.quant, self.dequant = tq.QuantStub(), tq.DeQuantStub()
        self.conv, self.bn, self.relu = nn.Conv2d(3, 8, 3, 1, 1), nn.BatchNorm2d(8), nn.ReLU()
        self.pool = nn.MaxPool2d(2)
        self.block1, self.block2 = Block(8, 8, 1), Block(8, 16, 2)
        self.average = nn.AdaptiveAvgPool2d(2)
        self.act = nn.ReLU6()
        self.fc = nn.Linear(64, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Compute [n, classes] of [n, 3, 32, 32]."""
        x = self.pool(self.relu(self.bn(self.conv(self.quant(x)))))
        x = self.act(self.average(self.block2(self.block1(x))))
        return self.dequant(self.fc(torch.flatten(x, 1)))

    def fuse_model(self, is_qat: bool = False) -> None:
        """Fuse what can be."""
        fuse = eager.fuse_modules_qat if is_qat else eager.fuse_modules
        groups = [["conv", "bn", "relu"], ["block2.shortcut.0", "block2.shortcut.1"]]
        for block in ("block1", "block2"):
            groups += [[f"{block}.conv1", f"{block}.bn1", f"{block}.relu"], [f"{block}.conv2", f"{block}.bn2"]]
        fuse(self, groups, inplace=True)


def _mobilenet() -> Any:
    return mobilenet.MobileNetV2(SimpleNamespace(tq=tq, nnq=nnq))


NETWORKS: dict[str, Any] = {"MobileNetV2": _mobilenet, "ResNet": ResNet}


def prepared(network: str, qconfig: QConfig, seed: int = 0) -> Any:
    """Return a network that is ready to train for 8 bits."""
    torch.manual_seed(seed)
    model = NETWORKS[network]().train()
    model.fuse_model(is_qat=True)
    model.qconfig = qconfig
    return eager.prepare_qat(model)


def trained(network: str, qconfig: QConfig, steps: int = 10) -> Any:
    """Return a network that was trained for 8 bits for a moment, in evaluation mode."""
    model = prepared(network, qconfig)
    mobilenet.train(model, mobilenet.images(steps, 16), lr=0.003)
    return model.eval()


def unseen(images: int = 128) -> Tensor:
    """Draw images that no network was trained with."""
    return mobilenet.images(1, images, seed=9)[0][0]
