"""Calibration without data: what a batch normalization gives is drawn from what it has learned."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from octavo.graph.errors import CalibrationError
from octavo.graph.ir import Graph, Node
from octavo.graph.prepare import Prepared

DRAWS = 32
"""How often the example inputs' shape is gone through."""

_DRAWN = ("conv", "conv_transpose", "linear", "affine")
# What may follow a norm in the layer that it was folded into: both are done to what is drawn.
_AFTER = ("add", "clamp")


def draw_norms(prepared: Prepared, captured: Graph, model: nn.Module) -> Prepared:
    """Return the graph with random numbers in place of what its batch normalizations give; the rest is computed.

    A batch normalization has left the mean and the deviation of what it gives, channel by channel: β and
    |γ| · σ / √(σ² + ε). The paper derives from these the mean behind a ReLU, and ranges of so many deviations; here
    numbers are drawn and the rest of the network is computed on them, so that any activation, sum, pooling or gate
    behind has its mean and its range as well. Two things differ from the paper: the tails are those of a Laplace
    distribution, since those of trained networks are wider than normal, and the places of a channel correlate, since
    what is averaged over an image would otherwise not vary.

    Args:
        prepared: not changed; its observers are shared.
        captured: the graph before batch normalizations were folded.
        model: what was captured.

    Returns: a graph to calibrate, and for nothing else; its note says what was drawn.

    Raises:
        CalibrationError: there is no batch normalization that could be drawn.

    Reference: Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction, ICCV 2019, section
    4.2.1 and appendix C.
    """
    norms = {name: norm for name, norm in model.named_modules() if has_statistics(norm)}
    order = {node.name: index for index, node in enumerate(captured.nodes)}
    types = {node.name: node.type for node in captured.nodes}
    nodes, drawn, layers = [], 0, 0
    for node in prepared.graph.nodes:
        names = sorted((name for name in (node.name, *node.fused) if name in order), key=order.__getitem__)
        at = [index for index, name in enumerate(names) if _module(name) in norms]
        layers += node.type in _DRAWN
        if node.type in _DRAWN and len(at) == 1 and all(types[name] in _AFTER for name in names[at[0] + 1 :]):
            node = _drawn(node, norms[_module(names[at[0]])])
            drawn += 1
        nodes.append(node)
    if not drawn:
        raise CalibrationError(
            "calibration_data: got none, and no batch normalization of the model follows a layer, so nothing tells the "
            "ranges of its activations; pass an iterable of inputs like example_inputs"
        )
    note = (
        f"no calibration data: what {drawn} of {layers} layers give was drawn from their batch normalization, the rest "
        "computed from that and from the example inputs. With data the ranges are better"
    )
    return replace(prepared, graph=prepared.graph.with_nodes(nodes), notes=(*prepared.notes, note))


def has_statistics(module: nn.Module) -> bool:
    """Whether a module is a batch normalization that has learned a mean and a deviation."""
    return isinstance(module, nn.modules.batchnorm._BatchNorm) and module.running_mean is not None


def learned_moments(norm: nn.Module) -> tuple[Tensor, Tensor]:
    """Return the mean and the deviation of what a batch normalization gives, [channels] float64 each."""
    state: Mapping[str, Tensor] = norm.state_dict()
    variance = state["running_var"].double()
    gamma = state.get("weight", torch.ones_like(variance)).double()
    beta = state.get("bias", torch.zeros_like(variance)).double()
    return beta, gamma.abs() * (variance / (variance + norm.eps)).sqrt()  # type: ignore[operator]


def _module(name: str) -> str:
    """Return the module that a node is a call of: its second one is called `relu@1`."""
    return re.sub(r"@\d+$", "", name)


def _drawn(node: Node, norm: nn.Module) -> Node:
    """Return a node that draws what another gives; that one's constants have only their shapes left."""
    axes = [1] * len(node.shape)
    axes[-1 if node.type == "linear" else 1] = -1
    mean, deviation = (moment.float().reshape(axes) for moment in learned_moments(norm))
    shapes = {role: torch.empty(node.shape_of(role), device="meta") for role in node.constants}
    drawn = replace(node, type="drawn", constants={**shapes, "mean": mean, "deviation": deviation})
    return drawn.with_attributes(of=node.type)
