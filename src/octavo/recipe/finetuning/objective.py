"""What fine-tuning makes small."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

Loss = Callable[[Any, Any], Tensor]
"""Of the outputs and of what they should be: those of the float model, or the labels."""


def relative_error(outputs: Any, wanted: Any) -> Tensor:
    """Return `Σ (y − t)² / Σ t²` over all float tensors of two structures, [] float32: the SQNR, not in dB.

    It needs no labels and holds for whatever the outputs mean. Reference: Hinton et al., Distilling the Knowledge in a
    Neural Network, 2015, section 2.1, for the squared error of logits as the limit of distillation.
    """
    pairs = [
        (y, t.detach())
        for y, t in zip(pytree.tree_leaves(outputs), pytree.tree_leaves(wanted), strict=True)
        if isinstance(t, Tensor) and t.is_floating_point()
    ]
    error = sum(((y - t).square().sum() for y, t in pairs), torch.zeros(()))
    power = sum((t.square().sum() for _, t in pairs), torch.zeros(()))
    return error / power.clamp(min=torch.finfo(torch.float32).tiny)
