"""Multiply a value once: linear layers that read the same value become one with their weights stacked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from octavo.graph.constants import Computed, Constants, Held, held_in
from octavo.graph.ir import Graph, Node


def merge_linears(graph: Graph, alike: Callable[[Node, Node], bool]) -> Graph:
    """Stack the weights of plain linear layers that read the same value, as queries, keys and values do.

    The outputs become slices of the one output, along its last axis, under the names that they had. The stacked weight
    is put together whenever it is read.

    Args:
        graph: after all passes.
        alike: whether two layers may be one: they are quantized in the same way.
    """
    groups: dict[str, list[Node]] = {}
    for node in graph.nodes:
        if node.type == "linear" and len(node.inputs) == 1 and not node.attributes:
            groups.setdefault(node.inputs[0], []).append(node)
    merged: dict[str, list[Node]] = {}
    for layers in groups.values():
        together = [layer for layer in layers if alike(layers[0], layer)]
        if len(together) > 1:
            merged[together[0].name] = _merged(together)
            merged |= {layer.name: [] for layer in together[1:]}
    return graph.with_nodes(part for node in graph.nodes for part in merged.get(node.name, [node]))


def _merged(layers: Sequence[Node]) -> list[Node]:
    """Return one layer and the slices that give what each of them gave."""
    first = layers[0]
    output, widths = f"{first.output}.merged", [layer.shape_of("weight")[0] for layer in layers]
    shape = torch.Size((sum(widths), first.shape_of("weight")[1]))
    weights = tuple(held_in(layer.constants)["weight"] for layer in layers)
    constants: dict[str, Held] = {"weight": Computed(lambda *parts: torch.cat(parts), weights, shape)}
    if any("bias" in layer.constants for layer in layers):
        constants["bias"] = torch.cat([_bias(layer) for layer in layers])
    fused = (*first.fused, *(name for layer in layers[1:] for name in (layer.name, *layer.fused)))
    whole = replace(
        first, output=output, shape=(*first.shape[:-1], sum(widths)), constants=Constants(constants), fused=fused
    )
    parts, start = [], 0
    for layer, width in zip(layers, widths, strict=True):
        cut = {"axis": len(layer.shape) - 1, "start": start, "end": start + width, "step": 1}
        parts.append(
            Node("slice", f"{layer.name}.part", (output,), layer.output, layer.shape, cut, {}, (), "", layer.path)
        )
        start += width
    return [whole, *parts]


def _bias(layer: Node) -> torch.Tensor:
    held = layer.constants.get("bias")
    return torch.zeros(layer.shape_of("weight")[0]) if held is None else held
