"""Give the channels that lie between two layers one range of weights, by scaling them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from octavo.algorithms.channel_extremes import ChannelExtremes
from octavo.algorithms.channel_scales import row_view, scaled
from octavo.algorithms.channel_sets import ChannelSet, channel_sets
from octavo.graph.ir import Graph
from octavo.graph.reparametrization import Reparametrization

HEADROOM = 2.0
"""A channel that the data keeps below a bound may be scaled as long as so many times what was seen stays below it."""

# Where a channel's weights are all but zero, there would be no end to its bias.
_MOST = 256.0
_ROUNDS, _CHANGE = 100, 1e-3
_TINY = torch.finfo(torch.float64).tiny


class Equalization(Reparametrization):
    """Scale channels so that the rows of the layer that makes them have the range of the columns that read them.

    With r₁ the greatest |w| of a row and r₂ that of a column, `s = √(r₁ / r₂)`: rows are divided by s, columns are
    multiplied by it, and both become √(r₁ r₂). A layer that both reads and makes scaled channels is in two sets, so it
    is repeated until nothing changes. Values that residual additions tie to each other have one s; where several layers
    make or read them, each counts by its row's share of its own greatest weight.

    ReLU, pooling and additions let a positive factor through. A bound from above, ReLU6's, does not: a program has
    one for all channels. Where the calibration data never reaches it in any channel, the bound is dropped. Where it is
    reached in some channels, those are left as they are; the others are scaled as far as `HEADROOM` times what was
    seen stays below. So no sample of the calibration computes anything else, but inputs that go further may: the
    note says how many activations. Without data, channels with such a bound are left alone. To drop it everywhere, as
    the paper does, leaves EfficientNet-Lite0 0.9 dB, in float.

    Args:
        graph: after all passes.

    Reference: Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction, ICCV 2019, section
    4.1, equations 9 to 11.
    """

    name = "cross-layer equalization"

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self._sets = channel_sets(graph)
        outputs = {node.name: node.output for node in graph.nodes}
        self._bounded = {name: outputs[name] for found in self._sets for name in found.bounds}
        axes = {outputs[name]: found.axis for found in self._sets for name in found.bounds}
        self._seen = ChannelExtremes(axes)

    def watch(self, value: str, tensor: Tensor) -> None:
        """Take note of how far a bounded value goes."""
        self._seen.watch(value, tensor)

    def apply(self) -> tuple[Graph, str]:
        """Return the graph with equalized weights."""
        if not self._sets:
            return self.graph, (
                "nothing to equalize: no channels lie between two layers with nothing but ReLU, pooling and additions "
                "between them"
            )
        unbounded, limits = self._bounds()
        if all(limit.fixed.all() for limit in limits):
            return self.graph, "nothing to equalize: a bound from above, as ReLU6's, holds every channel"
        totals = _converged(self._sets, limits, self.graph)
        graph = scaled(self.graph, dict(enumerate(totals)), self._sets, unbounded)
        return graph, self._told(unbounded, limits)

    def _bounds(self) -> tuple[set[str], list[_Limit]]:
        """Return the nodes whose bound the data never reaches, and what the other bounds allow."""
        unbounded: set[str] = set()
        limits = []
        for found in self._sets:
            limit = _Limit(torch.zeros(found.channels, dtype=torch.float64), torch.zeros(found.channels).bool())
            for name, bound in found.bounds.items():
                most = self._seen.most(self._bounded[name])
                if most is not None and bool((most < bound).all()):
                    unbounded.add(name)
                    continue
                reached = torch.ones(found.channels).bool() if most is None else most >= bound / HEADROOM
                least = limit.least if most is None else torch.maximum(limit.least, HEADROOM * most / bound)
                limit = _Limit(least, limit.fixed | reached)
            limits.append(limit)
        return unbounded, limits

    def _told(self, unbounded: set[str], limits: list[_Limit]) -> str:
        free = sum(int((~limit.fixed).sum()) for limit in limits)
        text = f"{free} of {sum(found.channels for found in self._sets)} channels between layers are scaled"
        kept = len(self._bounded) - len(unbounded)
        if unbounded:
            text += f"; {len(unbounded)} activations, whose upper bound the data never reaches, are without it now"
        if kept:
            text += (
                f"; {kept} activations keep theirs and the channels that come near it, and now clip others from "
                f"{HEADROOM:g} times what was seen on"
            )
        return text


@dataclass(frozen=True)
class _Limit:
    """What bounds allow of the scales of a set: at least `least`, and 1 where `fixed`, [channels] each."""

    least: Tensor
    fixed: Tensor


def _converged(sets: list[ChannelSet], limits: list[_Limit], graph: Graph) -> list[Tensor]:
    """Return the scales of each set, [channels] float64, once they change no more."""
    layers = {name for found in sets for name in (*found.producers, *found.consumers)}
    weights = {
        node.name: row_view(node, node.constants["weight"].detach().double()).abs().amax(3)
        for node in graph.nodes
        if node.name in layers
    }
    totals = [torch.ones(found.channels, dtype=torch.float64) for found in sets]
    for _ in range(_ROUNDS):
        change = 0.0
        for index, (found, limit) in enumerate(zip(sets, limits, strict=True)):
            rows = _joint([weights[name].amax(2).flatten() for name in found.producers])
            columns = _joint([weights[name].amax(1).flatten() for name in found.consumers])
            if bool(limit.fixed.any()):  # it takes the ranges that cannot be changed to compare others with
                rows, columns = (ranges / ranges[limit.fixed].max().clamp_min(_TINY) for ranges in (rows, columns))
            wanted = totals[index] * (rows / columns).sqrt()
            wanted = torch.where((rows > 0) & (columns > 0), wanted.clamp(1 / _MOST, _MOST), totals[index])
            wanted = torch.where(limit.fixed, 1.0, torch.maximum(wanted, limit.least))
            s = wanted / totals[index]
            totals[index] = wanted
            for name in found.producers:
                weights[name] /= s.reshape(*weights[name].shape[:2], 1)
            for name in found.consumers:
                weights[name] *= s.reshape(weights[name].shape[0], 1, -1)
            change = max(change, float(s.log().abs().max()))
        if change < _CHANGE:
            break
    return totals


def _joint(ranges: list[Tensor]) -> Tensor:
    """Return the ranges of channels that several layers share: the greatest share of a layer's own, or one layer's."""
    if len(ranges) == 1:
        return ranges[0]
    whole = torch.stack([each.max() for each in ranges]).clamp_min(_TINY)
    shares = torch.stack([each / most for each, most in zip(ranges, whole, strict=True)])
    return shares.amax(0) * whole.log().mean().exp()
