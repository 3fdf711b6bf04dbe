"""Float modules with a dynamic form, and what runs a module's program elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from octavo.eager import quantize_dynamic
from octavo.program.reference import run


def dynamic(module: nn.Module, qconfig: Any = None) -> Any:
    """Quantize one layer."""
    model: Any = nn.Sequential(module)
    return quantize_dynamic(model, {type(module)} if qconfig is None else {type(module): qconfig}).get_submodule("0")


def seeded(make: Any, *args: Any, **kwargs: Any) -> nn.Module:
    """Make a module of fixed random weights."""
    torch.manual_seed(3)
    return make(*args, **kwargs).eval()


def run_reference(module: Any, *inputs: Tensor) -> list[np.ndarray]:
    """Run the program that a module has made last in NumPy."""
    ready = list(module._programs.values())[-1]
    return run(ready.program, [x.contiguous().numpy() for x in inputs])
