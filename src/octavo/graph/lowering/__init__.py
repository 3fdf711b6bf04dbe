"""From the ATen operators of torch.export to the graph's nodes: one file a family of operators."""

from octavo.graph.lowering import (
    activation,
    arithmetic,
    layers,
    lookup,
    normalization,
    packed,
    padding,
    pooling,
    program,
    recurrent,
    resizing,
    shape,
)
from octavo.graph.lowering.lower import lower

__all__ = [
    "activation",
    "arithmetic",
    "layers",
    "lookup",
    "lower",
    "normalization",
    "packed",
    "padding",
    "pooling",
    "program",
    "recurrent",
    "resizing",
    "shape",
]
