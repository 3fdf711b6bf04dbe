"""What embedding nodes compute in PyTorch, on checked indices."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from octavo.graph.ir import Node


def embedding(node: Node, ids: Tensor) -> Tensor:
    """Look the rows up.

    Raises:
        IndexError: an id is not in the table.
    """
    _check_ids(node, ids)
    return F.embedding(ids, node.constants["weight"])


def embedding_bag(node: Node, ids: Tensor, *more: Tensor) -> Tensor:
    """Combine the rows of each bag.

    Raises:
        IndexError: an id is not in the table.
        ValueError: the offsets are no offsets.
    """
    _check_ids(node, ids)
    mode = node.attributes["mode"]
    weights = more[-1] if mode == "weighted_sum" else None
    offsets = more[0] if ids.dim() == 1 else None
    if offsets is not None:
        _check_offsets(node, offsets, ids.numel())
    mode = mode.removeprefix("weighted_")
    return F.embedding_bag(ids, node.constants["weight"], offsets, mode=mode, per_sample_weights=weights)


def _check_ids(node: Node, ids: Tensor) -> None:
    rows = node.shape_of("weight")[0]
    wrong = (ids < 0) | (ids >= rows)
    if wrong.any():
        place = wrong.nonzero()[0].tolist()
        raise IndexError(
            f"layer '{node.name}': id {int(ids[tuple(place)])} at {place} is not in its table of {rows} rows, expected"
            f" 0 to {rows - 1}"
        )


def _check_offsets(node: Node, offsets: Tensor, count: int) -> None:
    steps = torch.diff(offsets, append=torch.tensor([count]))
    if offsets[0] != 0 or (steps < 0).any():
        raise ValueError(
            f"layer '{node.name}': got the offsets {offsets.tolist()!s:.80}, expected offsets that begin with 0, never"
            f" fall and are at most {count}, the number of ids"
        )
