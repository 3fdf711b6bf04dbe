"""The MobileNetV2 of the static tutorial, small: stubs, FloatFunctional for the residual, a method that fuses."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn


class ConvBNReLU(nn.Sequential):
    def __init__(self, inp: int, out: int, kernel_size: int = 3, stride: int = 1, groups: int = 1) -> None:
        padding = (kernel_size - 1) // 2
        super().__init__(
            nn.Conv2d(inp, out, kernel_size, stride, padding, groups=groups, bias=False),
            nn.BatchNorm2d(out, momentum=0.1),
            nn.ReLU(inplace=False),
        )


class InvertedResidual(nn.Module):
    def __init__(self, ao: SimpleNamespace, inp: int, oup: int, stride: int, expand_ratio: int) -> None:
        super().__init__()
        hidden = inp * expand_ratio
        self.use_res_connect = stride == 1 and inp == oup
        layers: list[nn.Module] = []
        if expand_ratio != 1:
            layers.append(ConvBNReLU(inp, hidden, kernel_size=1))
        layers += [
            ConvBNReLU(hidden, hidden, stride=stride, groups=hidden),
            nn.Conv2d(hidden, oup, 1, 1, 0, bias=False),
            nn.BatchNorm2d(oup, momentum=0.1),
        ]
        self.conv = nn.Sequential(*layers)
        self.skip_add = ao.nnq.FloatFunctional()

    def forward(self, x: Tensor) -> Tensor:
        if self.use_res_connect:
            return self.skip_add.add(x, self.conv(x))
        return self.conv(x)


class MobileNetV2(nn.Module):
    def __init__(self, ao: SimpleNamespace, classes: int = 10) -> None:
        super().__init__()
        self.fusers = (ao.tq.fuse_modules, ao.tq.fuse_modules_qat)
        self.features = nn.Sequential(
            ConvBNReLU(3, 8, stride=2),
            InvertedResidual(ao, 8, 8, 1, 1),
            InvertedResidual(ao, 8, 16, 2, 4),
            InvertedResidual(ao, 16, 16, 1, 4),
            ConvBNReLU(16, 32, kernel_size=1),
        )
        self.quant = ao.tq.QuantStub()
        self.dequant = ao.tq.DeQuantStub()
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(32, classes))

    def forward(self, x: Tensor) -> Tensor:
        x = self.quant(x)
        x = self.features(x)
        x = x.mean([2, 3])
        x = self.classifier(x)
        return self.dequant(x)

    def fuse_model(self, is_qat: bool = False) -> None:
        fuse_modules = self.fusers[is_qat]
        for m in self.modules():
            if type(m) is ConvBNReLU:
                fuse_modules(m, ["0", "1", "2"], inplace=True)
            if type(m) is InvertedResidual:
                for idx in range(len(m.conv)):
                    if type(m.conv[idx]) is nn.Conv2d:
                        fuse_modules(m.conv, [str(idx), str(idx + 1)], inplace=True)


def images(batches: int = 4, batch: int = 8, seed: int = 0) -> list[tuple[Tensor, Tensor]]:
    """Draw images whose class is the place of a bright square, so that there is something to learn."""
    generator = torch.Generator().manual_seed(seed)
    data = []
    for _ in range(batches):
        labels = torch.randint(0, 10, (batch,), generator=generator)
        x = torch.randn(batch, 3, 32, 32, generator=generator) * 0.3
        for image, label in zip(x, labels.tolist(), strict=True):
            row, column = divmod(label, 4)
            image[:, row * 8 : row * 8 + 8, column * 8 : column * 8 + 8] += 2.0
        data.append((x, labels))
    return data


def trained(ao: SimpleNamespace, steps: int = 30) -> MobileNetV2:
    """Train a network for a moment, so that its batch norms have statistics."""
    torch.manual_seed(0)
    model = MobileNetV2(ao)
    train(model, images(steps, 16), lr=0.01)
    return model


def train(model: Any, data: list[tuple[Tensor, Tensor]], lr: float) -> None:
    """Train on each batch once."""
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    criterion = nn.CrossEntropyLoss()
    model.train()
    for image, target in data:
        loss = criterion(model(image), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def accuracy(model: Any, data: list[tuple[Tensor, Tensor]]) -> float:
    """Return the share of right answers."""
    with torch.no_grad():
        right = sum(int((model(image).argmax(1) == target).sum()) for image, target in data)
    return right / sum(len(target) for _, target in data)


def sqnr(reference: Tensor, x: Tensor) -> float:
    """Return the signal to quantization noise ratio in dB."""
    return float(10 * torch.log10((reference**2).sum() / ((reference - x) ** 2).sum()))
