"""Photographs of animals, fruit, instruments and vehicles that Tux Paint ships as stamps, cut out on white."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from benchmarks.accuracy.post_training.stamp_classes import IMAGENET_CLASSES
from benchmarks.sequence.data import find
from octavo.demo.photographs import CROP, MEAN, STD

_DRAWN = ("symbols", "flags", "roadsigns", "cartoon", "money", "seasonal/hanukkah")
"""Folders of drawings."""
_REMEDY = "`make accuracy` fetches them from the Debian archive (package tuxpaint-stamps-default)"


def labelled() -> tuple[Tensor, Tensor]:
    """Load the stamps that show an ImageNet class: [n, 3, 224, 224] float32, preprocessed, and [n] int64."""
    folder = _folder()
    images = [_load(folder / f"{name}.png") for name in IMAGENET_CLASSES]
    return torch.stack(images), torch.tensor(list(IMAGENET_CLASSES.values()))


def unlabelled(count: int, seed: int = 0) -> Tensor:
    """Load stamps that show none, chosen at random: [count, 3, 224, 224] float32, preprocessed."""
    folder = _folder()
    names = (path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.png"))
    others = sorted(name for name in names if not name.startswith(_DRAWN) and name not in IMAGENET_CLASSES)
    chosen = np.random.default_rng(seed).permutation(len(others))[:count]
    return torch.stack([_load(folder / f"{others[i]}.png") for i in chosen])


def _folder() -> Path:
    return find("stamps/usr/share/tuxpaint/stamps", "photographs", _REMEDY)[0]


def _load(path: Path) -> Tensor:
    """Cut off what is transparent at the edges and put the rest on a white square."""
    image = Image.open(path).convert("RGBA")
    image = image.crop(image.getchannel("A").getbbox())
    side = max(image.size)
    square = Image.new("RGBA", (side, side), "white")
    square.alpha_composite(image, ((side - image.width) // 2, (side - image.height) // 2))
    pixels = np.asarray(square.convert("RGB").resize((CROP, CROP), Image.Resampling.BICUBIC), np.float32)
    return torch.from_numpy((pixels - MEAN) / STD).permute(2, 0, 1).contiguous()
