"""Rewrites of the graph: each is a function from a graph to a graph that computes the same, one a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from octavo.graph.ir import Graph
from octavo.graph.passes.affine_to_conv import affine_to_conv
from octavo.graph.passes.channel_shuffle import channel_shuffle
from octavo.graph.passes.fold_batch_norm import fold_batch_norm
from octavo.graph.passes.fuse_activation import fuse_activation
from octavo.graph.passes.fuse_attention import fuse_attention
from octavo.graph.passes.fuse_pad import fuse_pad
from octavo.graph.passes.fuse_residual import fuse_residual
from octavo.graph.passes.merge_moves import merge_moves
from octavo.graph.passes.remove_dead import remove_dead
from octavo.graph.passes.share_qparams import share_qparams
from octavo.graph.passes.sink_moves import sink_moves
from octavo.graph.passes.slice_of_concat import slice_of_concat

PASSES: tuple[Callable[[Graph], Graph], ...] = (
    channel_shuffle,
    slice_of_concat,
    fuse_attention,
    merge_moves,
    remove_dead,
    sink_moves,
    fold_batch_norm,
    affine_to_conv,
    fuse_pad,
    remove_dead,
    fuse_residual,
    fuse_activation,
)


LAYERWISE_PASSES = tuple(rewrite for rewrite in PASSES if rewrite not in (fuse_residual, fuse_attention))
"""Those that leave each layer a rounding of its own, and attention as it was written."""

FLOAT_PASSES = tuple(rewrite for rewrite in PASSES if rewrite not in (fuse_residual, fuse_activation, fuse_attention))
"""Those that are worth their while where nothing will be rounded to 8 bits."""


def run_passes(graph: Graph, passes: Sequence[Callable[[Graph], Graph]] = PASSES) -> Graph:
    """Apply passes, in order; default: all of them."""
    for rewrite in passes:
        graph = rewrite(graph)
    return graph


__all__ = [
    "FLOAT_PASSES",
    "LAYERWISE_PASSES",
    "PASSES",
    "affine_to_conv",
    "channel_shuffle",
    "fold_batch_norm",
    "fuse_activation",
    "fuse_attention",
    "fuse_pad",
    "fuse_residual",
    "merge_moves",
    "remove_dead",
    "run_passes",
    "share_qparams",
    "sink_moves",
    "slice_of_concat",
]
