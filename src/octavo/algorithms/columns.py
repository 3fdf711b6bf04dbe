"""What one output of a layer is a dot product with: its weight's columns (im2col), for each group."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from octavo.graph.ir import Node
from octavo.graph.transposed import by_output_channel, out_channels


def weight_rows(node: Node, weight: Tensor) -> Tensor:
    """Return the weight of a layer as `[groups, out_channels / groups, k]`."""
    seen = _flipped(node, by_output_channel(node, weight))
    return seen.reshape(node.attributes.get("groups", 1), -1, seen[0].numel())


def weight_of_rows(node: Node, rows: Tensor) -> Tensor:
    """Return what `weight_rows` made rows of, its output channels first as `by_output_channel` gives them."""
    return _flipped(node, rows.reshape(out_channels(node), -1, *node.shape_of("weight")[2:]))


def _flipped(node: Node, weight: Tensor) -> Tensor:
    """Turn the kernel of a transposed convolution around: so it multiplies its input with zeros put between."""
    return weight.flip(list(range(2, weight.dim()))) if node.type == "conv_transpose" else weight


def draw_outputs(node: Node, x: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """Draw some of a layer's outputs, without repetition.

    Args:
        node: a `conv`, `conv_transpose` or `linear`.
        x: its input, [n, channels, …] or [..., channels] float32.
        most: how many at most.
        generator: draws them.

    Returns: [≤ most] int64, counted over the axes of the output but that of the channels.
    """
    count = x.shape[:-1].numel() if node.type == "linear" else len(x) * _unfolded(node, x)[1].numel()
    return torch.randperm(count, generator=generator)[:most]


def columns_at(node: Node, x: Tensor, drawn: Tensor) -> Tensor:
    """Return what is multiplied by the rows of `weight_rows` at the outputs that `draw_outputs` gave.

    Returns: [groups, outputs, k] float32.
    """
    if node.type == "linear":
        return x.reshape(-1, x.shape[-1])[drawn].unsqueeze(0)
    x, spatial = _unfolded(node, x)
    image, *place = torch.unravel_index(drawn, (len(x), *spatial))
    taken = x.movedim(1, 1 + len(spatial))[(image, *place)]  # [outputs, channels, *kernel]
    return taken.reshape(len(drawn), node.attributes["groups"], -1).transpose(0, 1)


def outputs_at(node: Node, y: Tensor, drawn: Tensor) -> Tensor:
    """Return a tensor of the shape of a layer's output at the outputs that `draw_outputs` gave: [outputs, channels]."""
    if node.type == "linear":
        return y.reshape(-1, y.shape[-1])[drawn]
    image, *place = torch.unravel_index(drawn, (len(y), *y.shape[2:]))
    return y.movedim(1, -1)[(image, *place)]


def _unfolded(node: Node, x: Tensor) -> tuple[Tensor, torch.Size]:
    """Return a convolution's padded input as [n, channels, *spatial, *kernel], and the output's spatial sizes."""
    a = node.attributes
    kernel = node.shape_of("weight")[2:]
    stride, padding = a["stride"], a["padding"]
    if node.type == "conv_transpose":
        x = _spread(x, stride)
        reach = [dilation * (size - 1) for size, dilation in zip(kernel, a["dilation"], strict=True)]
        ends = zip(reach, padding, a["output_padding"], strict=True)
        padding = [(whole - before, whole - after + more) for whole, (before, after), more in ends]
        stride = [1] * len(kernel)
    x = F.pad(x, [width for pair in reversed(padding) for width in pair])
    for axis, (size, step, dilation) in enumerate(zip(kernel, stride, a["dilation"], strict=True), 2):
        x = x.unfold(axis, (size - 1) * dilation + 1, step)[..., ::dilation]
    return x, x.shape[2 : 2 + len(kernel)]


def _spread(x: Tensor, stride: Sequence[int]) -> Tensor:
    """Put stride − 1 zeros between the pixels of [n, channels, …]."""
    sizes = [(size - 1) * step + 1 for size, step in zip(x.shape[2:], stride, strict=True)]
    spread = x.new_zeros(*x.shape[:2], *sizes)
    spread[(..., *(slice(None, None, step) for step in stride))] = x
    return spread
