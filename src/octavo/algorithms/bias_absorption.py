"""Take what a channel never falls below out of it, and add it in the layers that read it."""

from __future__ import annotations

import torch
from torch import Tensor

from octavo.algorithms.channel_extremes import ChannelExtremes
from octavo.algorithms.channel_scales import row_view
from octavo.algorithms.channel_sets import channel_axis
from octavo.graph.ir import Graph, Node
from octavo.graph.placement import LAYERS
from octavo.graph.reparametrization import Reparametrization

MARGIN = 0.25
"""How far below the least that was seen a channel may still go, as a share of the range that was seen."""


class BiasAbsorption(Reparametrization):
    """Move `c` from the bias of a layer before a ReLU to the biases of those that read it.

    `r(Wx + b − c) = r(Wx + b) − c` where `Wx + b ≥ c ≥ 0`, so that `b₁ ← b₁ − c` and `b₂ ← b₂ + W₂ c`: a channel that
    is always far from 0, as equalization makes some, takes less of the range that all share. The paper takes c = β − 3γ
    of the batch norm, which one value in 740 goes below; here c is the least value of the calibration data, less
    `MARGIN` of the channel's range, so that no sample of it computes anything else.

    Only where all that read the channel are convolutions and linear layers, since other operators have no bias, and
    convolutions without padding: a border of zeros would have to become one of −c. Not where a bound from above would
    have to move, ReLU6's, of which a program has one for all channels.

    Args:
        graph: after all passes.

    Reference: Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction, ICCV 2019, section
    4.1.3, equations 12 to 14.
    """

    name = "high-bias absorption"

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        consumers = graph.consumers()
        self._makers = {
            node.output: node
            for node in graph.nodes
            if _makes(node) and node.output not in graph.outputs and _all_absorb(node.output, consumers[node.output])
        }
        self._seen = ChannelExtremes({value: channel_axis(node) for value, node in self._makers.items()})

    def watch(self, value: str, tensor: Tensor) -> None:
        """Take note of how low each channel goes."""
        self._seen.watch(value, tensor)

    def apply(self) -> tuple[Graph, str]:
        """Return the graph with other biases."""
        if not self._makers:
            return self.graph, "nothing to absorb: behind no ReLU are there layers without padding alone"
        taken = {value: c for value in self._makers if (c := self._absorbed(value)) is not None}
        count = sum(int((c > 0).sum()) for c in taken.values())
        if not count:
            return self.graph, "nothing to absorb: no channel behind a ReLU stays above 0 on calibration data"
        nodes = [_moved(node, taken) for node in self.graph.nodes]
        return self.graph.with_nodes(nodes), f"{count} channels are nearer to 0, their least value is in later biases"

    def _absorbed(self, value: str) -> Tensor | None:
        least, most = self._seen.least(value), self._seen.most(value)
        if least is None or most is None:
            return None
        return (least - MARGIN * (most - least)).clamp_min(0)


def _makes(node: Node) -> bool:
    return node.type in LAYERS and node.attributes.get("clamp") == (0, None) and "norm" not in node.attributes


def _all_absorb(value: str, readers: list[Node]) -> bool:
    return bool(readers) and all(
        node.type in ("conv", "linear")
        and "norm" not in node.attributes
        and value not in node.inputs[1:]
        and not any(map(any, node.attributes.get("padding", ())))
        for node in readers
    )


def _moved(node: Node, taken: dict[str, Tensor]) -> Node:
    given, made = taken.get(node.inputs[0]) if node.inputs else None, taken.get(node.output)
    if node.type not in LAYERS or (given is None and made is None):
        return node
    weight = node.constants["weight"].detach().double()
    bias = node.constants.get("bias")
    bias = torch.zeros((), dtype=torch.float64) if bias is None else bias.detach().double()
    if given is not None:
        columns = row_view(node, weight).sum(3)  # [groups, out / groups, in / groups]
        bias = bias + torch.einsum("goi,gi->go", columns, given.reshape(len(columns), -1)).flatten()
    if made is not None:
        bias = bias - made
    return node.with_constants(bias=bias.float())
