"""What one output of a layer is a dot product with: its weight's columns (im2col), for each group."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from octavo.graph.ir import Node


def weight_rows(node: Node, weight: Tensor) -> Tensor:
    """Return the weight of a `conv` or `linear` as `[groups, out_channels / groups, k]`."""
    groups = node.attributes.get("groups", 1)
    return weight.reshape(groups, weight.shape[0] // groups, -1)


def columns(node: Node, x: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """Return what is multiplied by the rows of `weight_rows` at some of a layer's outputs, drawn without repetition.

    Args:
        node: a `conv` or `linear`.
        x: its input, [n, channels, …] or [..., channels] float32.
        most: how many outputs at most.
        generator: draws them.

    Returns: [groups, outputs, k] float32.
    """
    if node.type == "linear":
        rows = x.reshape(-1, x.shape[-1])
        return rows[_drawn(len(rows), most, generator)].unsqueeze(0)
    a = node.attributes
    x = F.pad(x, [width for pair in reversed(a["padding"]) for width in pair])
    kernel = node.constants["weight"].shape[2:]
    for axis, (size, stride, dilation) in enumerate(zip(kernel, a["stride"], a["dilation"], strict=True), 2):
        x = x.unfold(axis, (size - 1) * dilation + 1, stride)[..., ::dilation]
    spatial = x.shape[2 : 2 + len(kernel)]
    drawn = _drawn(len(x) * spatial.numel(), most, generator)
    image, *place = torch.unravel_index(drawn, (len(x), *spatial))
    taken = x.movedim(1, 1 + len(kernel))[(image, *place)]  # [outputs, channels, *kernel]
    return taken.reshape(len(drawn), a["groups"], -1).transpose(0, 1)


def _drawn(count: int, most: int, generator: torch.Generator) -> Tensor:
    return torch.randperm(count, generator=generator)[:most]
