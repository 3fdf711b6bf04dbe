"""Photographs that ship inside packages: twenty with ImageNet labels, and others to calibrate on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from octavo.demo.packages import folder

CROP, RESIZE = 224, 256
MEAN, STD = 127.0, 128.0  # EfficientNet-Lite's, of pixels in 0 … 255
_CALIBRATION = {
    ("skimage", "scikit-image", "data"): (
        "astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg", "camera.png", "coins.png",
        "retina.jpg",
    ),
    ("sklearn", "scikit-learn", "datasets/images"): ("china.jpg", "flower.jpg"),
}  # fmt: skip


@dataclass(frozen=True)
class Photographs:
    """Photographs with their labels.

    Args:
        images: [n, 3, 224, 224] float32, preprocessed.
        labels: [n] int64, ImageNet classes 0 … 999.
    """

    images: torch.Tensor
    labels: torch.Tensor


def labelled() -> Photographs:
    """Load the twenty ImageNet photographs of foolbox; the class stands in each file's name (`imagenet_07_609.jpg`)."""
    files = sorted((folder("foolbox", "foolbox") / "data").glob("imagenet_*"))
    images = torch.stack([_tensor(_center_crop(_resize(_open(path), RESIZE))) for path in files])
    return Photographs(images, torch.tensor([int(path.stem.rsplit("_", 1)[1]) for path in files]))


def calibration_batches(count: int = 128, batch: int = 8, seed: int = 0) -> Iterator[torch.Tensor]:
    """Yield batches of random crops, half of them mirrored, of photographs that are not among the labelled ones.

    Args:
        count: crops in all.
        batch: crops in one batch.
        seed: of the crops.

    Returns: tensors [batch, 3, 224, 224] float32, preprocessed.
    """
    random = np.random.default_rng(seed)
    photographs = [_open(path) for path in calibration_files()]
    crops = [_random_crop(photographs[i % len(photographs)], random) for i in range(count)]
    for start in range(0, count, batch):
        yield torch.stack([_tensor(crop) for crop in crops[start : start + batch]])


def calibration_files() -> list[Path]:
    """List the photographs to calibrate on."""
    return [
        folder(package, distribution) / place / name
        for (package, distribution, place), names in _CALIBRATION.items()
        for name in names
    ]


def _open(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")


def _resize(image: Image.Image, shorter: int) -> Image.Image:
    ratio = shorter / min(image.size)
    return image.resize((round(image.width * ratio), round(image.height * ratio)), Image.Resampling.BICUBIC)


def _center_crop(image: Image.Image) -> Image.Image:
    left, top = (image.width - CROP) // 2, (image.height - CROP) // 2
    return image.crop((left, top, left + CROP, top + CROP))


def _random_crop(image: Image.Image, random: np.random.Generator) -> Image.Image:
    image = _resize(image, int(random.integers(CROP, 2 * CROP)))
    left, top = (int(random.integers(0, size - CROP + 1)) for size in image.size)
    image = image.crop((left, top, left + CROP, top + CROP))
    return ImageOps.mirror(image) if random.random() < 0.5 else image


def _tensor(image: Image.Image) -> torch.Tensor:
    pixels = (np.asarray(image, np.float32) - MEAN) / STD
    return torch.from_numpy(pixels.transpose(2, 0, 1).copy())
