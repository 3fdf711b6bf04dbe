"""What can be captured at all: checks of a model and its example."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.utils import _pytree as pytree

from octavo.graph.errors import CaptureError
from octavo.graph.signature import arguments


def check_model(model: Any) -> None:
    """Refuse what is no float32 module on the CPU.

    Raises:
        CaptureError: naming the parameter.
    """
    if not isinstance(model, nn.Module):
        raise CaptureError(f"expected a torch.nn.Module, got a {type(model).__name__}")
    for name, parameter in model.named_parameters():
        if parameter.dtype != torch.float32:
            raise CaptureError(f"parameter '{name}' is {parameter.dtype}; expected torch.float32 (call model.float())")
        if parameter.device.type != "cpu":
            raise CaptureError(f"parameter '{name}' is on {parameter.device}; expected the CPU (call model.cpu())")


def check_example(example_inputs: Any) -> None:
    """Refuse inputs that a program cannot take.

    Raises:
        CaptureError: naming what was found.
    """
    try:
        leaves = pytree.tree_leaves(arguments(example_inputs))
    except TypeError as error:
        raise CaptureError(f"example_inputs: {error}") from None
    for leaf in leaves:
        if leaf is not None and not isinstance(leaf, torch.Tensor):
            raise CaptureError(
                f"example_inputs hold a {type(leaf).__name__} ({leaf!r:.40}); a program takes tensors alone. "
                "Remedy: wrap the model in a module that passes it"
            )
        if leaf is not None and leaf.dtype not in (torch.float32, torch.int64, torch.bool):
            raise CaptureError(
                f"example_inputs hold a tensor of {leaf.dtype}; a program takes torch.float32, torch.int64 for ids "
                "and torch.bool for masks. Remedy: call .float(), .long() or .bool() on it"
            )
