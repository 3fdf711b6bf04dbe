"""The samples that tuning calibrates on, and those that it measures on."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch.utils import _pytree as pytree

from octavo.graph import CalibrationError
from octavo.graph.signature import Sample, lasting
from octavo.recipe.recipe import REMEDY, RecipeError

EVERY = 5
"""Of so many samples one is kept out of calibration, to measure on."""
_MOST_BYTES = 1 << 30


class TuningWarning(UserWarning):
    """Tuning goes on, though not as was asked."""


@dataclass(frozen=True)
class Samples:
    """What is calibrated on, and what is measured on: others, unless there are too few.

    Args:
        every: all samples, in the order they came.
        apart: whether one of `EVERY` is kept out of calibration.
    """

    every: tuple[Sample, ...]
    apart: bool

    @property
    def calibration(self) -> list[Sample]:
        """The samples that ranges and roundings are found on."""
        return [s for i, s in enumerate(self.every) if not self.apart or i % EVERY != EVERY - 1]

    @property
    def measured(self) -> list[Sample]:
        """The samples that models are measured on."""
        return list(self.every[EVERY - 1 :: EVERY] if self.apart else self.every)

    @property
    def note(self) -> str:
        """Say what errors are measured on."""
        count = len(self.measured)
        several = f"{count} samples" if count > 1 else "1 sample"
        return f"SQNR on {several} {'kept out of calibration' if self.apart else 'of the calibration data'}"

    @property
    def digest(self) -> str:
        """Return what tells these samples from others."""
        found = hashlib.sha256()
        for leaf in pytree.tree_leaves(self.every):
            if isinstance(leaf, torch.Tensor):
                found.update(f"{leaf.dtype} {list(leaf.shape)}".encode())
                found.update(leaf.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
        return found.hexdigest()


def read_samples(data: Iterable[Sample] | None) -> Samples:
    """Read calibration data once and hold it, since tuning goes over it again and again.

    Args:
        data: an iterable of inputs of the model; what comes after 1 GB of it is not read, and a warning says so.

    Raises:
        RecipeError: there is none.
        CalibrationError: it holds no sample.
    """
    if data is None:
        raise RecipeError(f"calibration_data: got none, but tuning measures every model on it. {REMEDY}")
    held: list[Sample] = []
    size = 0
    for sample in lasting(data):
        size += sum(t.numel() * t.element_size() for t in pytree.tree_leaves(sample) if isinstance(t, torch.Tensor))
        if held and size > _MOST_BYTES:
            warnings.warn(
                f"calibration_data: its first {len(held)} samples take 1 GB; tuning uses no more of it",
                TuningWarning,
                stacklevel=3,
            )
            break
        held.append(sample)
    if not held:
        raise CalibrationError("there is no calibration data: the iterable gave no sample; pass at least one")
    return Samples(tuple(held), apart=len(held) >= EVERY)
