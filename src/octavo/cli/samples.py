"""Where calibration data comes from: an array file, a folder of images, or a factory in a module."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from octavo.cli.guard import UsageError
from octavo.cli.pretrained import read_texts
from octavo.cli.sources import call_factory

_IMAGES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp"})
_EXPECTED = "a .npy or .npz file, a folder of images, a .txt file, or package.module:factory"


@dataclass(frozen=True)
class Preprocessing:
    """How an image becomes a tensor: shorter side to `size · 256 / 224`, the middle `size` × `size` of it, pixels in
    0 … 1, less `mean`, over `std` (one number for each channel)."""

    size: int
    mean: Sequence[float]
    std: Sequence[float]


def load_samples(
    data: str, source: str, batch: int, limit: int | None, images: Preprocessing
) -> Sequence[Any] | Iterable[Any]:
    """Return the samples that an argument names.

    Args:
        data: a `.npy` file (samples along axis 0), a `.npz` file of such arrays (named as the model's arguments), a
            folder of images, a `.txt` file of lines, or `package.module:factory` that gives an iterable of samples.
        source: of the model; its tokenizer reads lines.
        batch: how many samples of a file or folder go into one.
        limit: how many samples of a file or folder to take at most.
        images: for a folder.

    Raises:
        UsageError: it is none of these, or holds no sample.
    """
    path = Path(data)
    if path.is_dir():
        return _Folder(path, batch, limit, images)
    if path.suffix in (".npy", ".npz"):
        return _array_batches(path, batch, limit)
    if path.suffix == ".txt":
        return read_texts(path, source, batch, limit)
    found = call_factory(data, "--calibration", _EXPECTED)
    if not isinstance(found, Iterable):
        raise UsageError(f"--calibration {data}: gives a {type(found).__name__}, expected an iterable of samples")
    return found


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read a `.npy` or `.npz` file; the array of a `.npy` file has the name ''.

    Raises:
        UsageError: the file is truncated or holds Python objects.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file")
    try:
        loaded = np.load(path, allow_pickle=False)
        return {"": loaded} if isinstance(loaded, np.ndarray) else {name: loaded[name] for name in loaded.files}
    except Exception as error:
        raise UsageError(f"{path}: is not a whole NumPy file of plain arrays ({error})") from error


def _array_batches(path: Path, batch: int, limit: int | None) -> list[Any]:
    import torch

    arrays = read_arrays(path)
    lengths = {array.shape[0] if array.ndim else 0 for array in arrays.values()}
    if len(lengths) != 1 or 0 in lengths:
        shapes = ", ".join(f"{name or 'array'} {list(array.shape)}" for name, array in arrays.items())
        raise UsageError(
            f"{path}: got {shapes or 'no array'}, expected arrays with the same number of samples on axis 0"
        )
    count = min(lengths.pop(), limit or 2**63)
    tensors = {name: torch.from_numpy(np.ascontiguousarray(array[:count])) for name, array in arrays.items()}
    batches = [{n: t[i : i + batch] for n, t in tensors.items()} for i in range(0, count, batch)]
    return [sample[""] for sample in batches] if "" in arrays else batches


class _Folder(Sequence[Any]):
    """Batches of images, each read when it is asked for."""

    def __init__(self, path: Path, batch: int, limit: int | None, images: Preprocessing) -> None:
        files = sorted(file for file in path.rglob("*") if file.suffix.lower() in _IMAGES)[:limit]
        if not files:
            raise UsageError(f"--calibration {path}: holds no image ({', '.join(sorted(_IMAGES))})")
        self._batches = [files[i : i + batch] for i in range(0, len(files), batch)]
        self._images = images

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: Any) -> Any:
        import torch

        return torch.from_numpy(np.stack([read_image(file, self._images) for file in self._batches[index]]))

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))


def read_image(path: Path, images: Preprocessing) -> np.ndarray:
    """Read an image as [3, size, size] float32.

    Raises:
        UsageError: it is no image that can be read.
    """
    from PIL import Image

    try:
        with Image.open(path) as opened:
            image = opened.convert("RGB")
    except OSError as error:
        raise UsageError(f"{path}: is not an image that can be read ({error})") from error
    ratio = images.size * 256 / 224 / min(image.size)
    image = image.resize((round(image.width * ratio), round(image.height * ratio)), Image.Resampling.BICUBIC)
    left, top = (image.width - images.size) // 2, (image.height - images.size) // 2
    pixels = np.asarray(image.crop((left, top, left + images.size, top + images.size)), np.float32) / 255
    normal = (pixels - np.asarray(images.mean, np.float32)) / np.asarray(images.std, np.float32)
    return np.ascontiguousarray(normal.transpose(2, 0, 1))
