"""From the ATen operators of torch.export to the graph's nodes: one file a family of operators."""

from octavo.graph.lowering import (
    activation,
    arithmetic,
    attention,
    broadcasting,
    choice,
    layers,
    lookup,
    masks,
    normalization,
    packed,
    padding,
    pooling,
    program,
    recurrent,
    reduction,
    resizing,
    shape,
)
from octavo.graph.lowering.lower import lower

__all__ = [
    "activation",
    "arithmetic",
    "attention",
    "broadcasting",
    "choice",
    "layers",
    "lookup",
    "lower",
    "masks",
    "normalization",
    "packed",
    "padding",
    "pooling",
    "program",
    "recurrent",
    "reduction",
    "resizing",
    "shape",
]
