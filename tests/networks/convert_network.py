"""Float networks to programs, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

import octavo


def quantize(
    model: nn.Module, calibration: Sequence[np.ndarray], recipe: str | octavo.Recipe = "auto"
) -> octavo.QuantizedModel:
    """Quantize; the sizes in which the samples differ become symbolic."""
    samples = [torch.from_numpy(x) for x in calibration]
    return octavo.quantize(model, (samples[0],), calibration_data=samples, recipe=recipe, progress=False)
