"""What can be converted at all: checks of a captured graph."""

from __future__ import annotations

import torch

from octavo.graph.errors import ConversionError
from octavo.graph.ir import Graph, Node


def check_float(graph: Graph) -> None:
    """Refuse a graph that is quantized already.

    Raises:
        ConversionError: naming a quantized layer.
    """
    quantized = [node.name for node in graph.nodes if node.type == "program"]
    if quantized:
        raise ConversionError(
            f"layer '{quantized[0]}' is quantized already, as are {len(quantized) - 1} others; expected a float model. "
            "Remedy: quantize the float model, or make this one a program as it is (octavo.save)"
        )


def check_weights(graph: Graph) -> None:
    """Refuse constants that are NaN or infinite.

    Raises:
        ConversionError: naming the layer and the constant.
    """
    for node in graph.nodes:
        for role, tensor in node.constants.items():
            _check_finite(node, role, tensor)


def _check_finite(node: Node, role: str, tensor: torch.Tensor) -> None:
    bad = int((~torch.isfinite(tensor)).sum())
    if bad:
        folded = f" (with {', '.join(node.fused)} folded in)" if node.fused else ""
        raise ConversionError(
            f"layer '{node.name}'{folded}: {bad} of {tensor.numel()} values of its {role} are NaN or infinite; "
            "expected finite numbers. Remedy: repair the checkpoint"
        )
