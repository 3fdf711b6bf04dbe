"""Functions that move values and change none: they do to the integers what they do to a float tensor."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils import _pytree as pytree

from octavo.nn.qtensor import QTensor
from octavo.nn.qtensor_functions.registry import implements, implements_for_several, integers

_METHODS = (
    "view", "view_as", "reshape", "reshape_as", "flatten", "ravel", "unflatten", "squeeze", "unsqueeze", "permute",
    "transpose", "swapaxes", "swapdims", "movedim", "moveaxis", "t", "adjoint", "expand", "expand_as", "broadcast_to",
    "repeat", "tile", "repeat_interleave", "chunk", "tensor_split", "split", "split_with_sizes", "unbind",
    "__getitem__", "narrow", "select", "index_select", "gather", "take_along_dim", "masked_select", "unfold",
    "diagonal", "flip", "fliplr", "flipud", "roll", "rot90",
)  # fmt: skip
_COPIES = ("clone", "contiguous", "detach", "cpu", "alias", "positive")
_FUNCTIONS = (
    "reshape", "flatten", "ravel", "unflatten", "squeeze", "unsqueeze", "permute", "transpose", "swapaxes", "swapdims",
    "movedim", "moveaxis", "t", "adjoint", "broadcast_to", "tile", "repeat_interleave", "chunk", "tensor_split",
    "split", "split_with_sizes", "unbind", "narrow", "select", "index_select", "gather", "take_along_dim",
    "masked_select", "diagonal", "flip", "fliplr", "flipud", "roll", "rot90", "channel_shuffle",
    "native_channel_shuffle", "pixel_unshuffle",
)  # fmt: skip


def _moved(function: Any) -> Any:
    def form(x: QTensor, *args: Any, **kwargs: Any) -> Any:
        if any(isinstance(leaf, torch.dtype) for leaf in pytree.tree_leaves((args, kwargs))):
            return NotImplemented  # a view of the bits as another dtype
        moved = function(x.int_repr(), *integers(args), **integers(kwargs))
        return pytree.tree_map(lambda leaf: x.with_data(leaf) if isinstance(leaf, Tensor) else leaf, moved)

    return form


for _name in _METHODS:
    # Integers lie channels_last where those of a float model would be contiguous: what can be viewed there is copied.
    _same = {"view": "reshape", "view_as": "reshape_as"}.get(_name, _name)
    implements(getattr(Tensor, _name))(_moved(getattr(Tensor, _same)))
for _name in _FUNCTIONS:
    implements(getattr(torch, _name))(_moved(getattr(torch, _name)))
for _name in ("T", "mT"):
    _getter = getattr(Tensor, _name).__get__
    implements(_getter)(_moved(_getter))


def _copied(function: Any) -> Any:
    def form(x: Any, *args: Any, **kwargs: Any) -> Any:
        return x.with_data(function(x.int_repr(), *args, **kwargs)) if isinstance(x, QTensor) else NotImplemented

    return form


for _name in _COPIES:
    for _namespace in (Tensor, torch):
        if hasattr(_namespace, _name):
            _function = getattr(_namespace, _name)
            implements_for_several(_function)(_copied(_function))


@implements_for_several(Tensor.to, Tensor.float)
def to(x: Any, *args: Any, **kwargs: Any) -> Any:
    """Stay in integers where float32 on the CPU is asked for: that is what a QTensor is to PyTorch."""
    layout = kwargs.get("memory_format")
    if not isinstance(x, QTensor) or not all(_is_here(a) for a in (*args, *kwargs.values())):
        return NotImplemented
    return x if layout is None else x.with_data(x.int_repr().contiguous(memory_format=layout))


def _is_here(wanted: Any) -> bool:
    if isinstance(wanted, Tensor):
        return wanted.dtype == torch.float32 and wanted.device.type == "cpu"
    return isinstance(wanted, (bool, torch.memory_format)) or wanted in (torch.float32, torch.device("cpu"), "cpu")


@implements(torch.pixel_shuffle, F.pixel_shuffle)
def pixel_shuffle(x: QTensor, upscale_factor: int) -> Any:
    """Make `[…, c · r², h, w]` `[…, c, h · r, w · r]`."""
    q, r = x.int_repr(), upscale_factor
    *lead, channels, height, width = q.shape
    if channels % (r * r):
        return NotImplemented  # PyTorch's own error
    split = q.reshape(*lead, channels // (r * r), r, r, height, width)
    n = len(lead)
    order = (*range(n), n, n + 3, n + 1, n + 4, n + 2)
    return x.with_data(split.permute(order).reshape(*lead, channels // (r * r), height * r, width * r))


@implements(
    F.dropout, F.dropout1d, F.dropout2d, F.dropout3d, F.alpha_dropout, F.feature_alpha_dropout,
    torch.dropout, torch.feature_dropout, torch.alpha_dropout, torch.feature_alpha_dropout,
)  # fmt: skip
def dropout(x: QTensor, p: float = 0.5, training: bool | None = None, *args: Any, **kwargs: Any) -> Any:
    """Drop nothing outside of training."""
    drops = kwargs.get("train", training)
    return x if drops is False else NotImplemented


@implements_for_several(torch.dequantize)
def dequantize(x: Any) -> Any:
    """Return the real numbers."""
    return x.dequantize() if isinstance(x, QTensor) else NotImplemented
