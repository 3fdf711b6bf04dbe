"""What the observers of a model know, apart from the model."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import torch
from torch import nn

_OBSERVERS = "activation_post_process"


def get_observer_state_dict(module: nn.Module) -> OrderedDict[str, torch.Tensor]:
    """Return the entries of the state_dict that belong to observers and fake-quantize modules of activations."""
    return OrderedDict((key, value) for key, value in module.state_dict().items() if _OBSERVERS in key)


def load_observer_state_dict(module: nn.Module, observers: Mapping[str, torch.Tensor]) -> None:
    """Load what `get_observer_state_dict` returned into a model prepared in the same way.

    Args:
        module: prepared; everything but its observers stays as it is.
        observers: the entries.

    Raises:
        ValueError: an entry is missing, or has no place in the module.
    """
    answer = module.load_state_dict(dict(observers), strict=False)
    missing = [key for key in answer.missing_keys if _OBSERVERS in key]
    if missing or answer.unexpected_keys:
        raise ValueError(
            f"load_observer_state_dict: {missing or 'nothing'} is missing and {answer.unexpected_keys or 'nothing'} "
            "has no place in the module. Remedy: prepare the module as the one was whose observers were saved"
        )
