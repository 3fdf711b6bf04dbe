"""How much each rounding of an int8 network costs the network's outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from octavo.algorithms.layer_error import rounded_input
from octavo.algorithms.noise_sources import RoundedValue, rounded_values, selectable
from octavo.algorithms.output_loss import Loss, ratio_db, signal_power, squared_error
from octavo.graph.downstream import Downstream
from octavo.graph.execute import compute
from octavo.graph.ir import Node
from octavo.graph.prepare import Prepared
from octavo.numerics import Qparams, dequantize, quantize


@dataclass(frozen=True)
class LayerSensitivity:
    """What one layer costs in 8 bits.

    Args:
        name: of the layer.
        weight: the loss with its weights alone in 8 bits.
        inputs: the sum of the losses with each of the values that it reads alone in 8 bits.
        sqnr_db: of the network's outputs with both, as independent errors add; None for another loss.
    """

    name: str
    weight: float
    inputs: float
    sqnr_db: float | None

    @property
    def loss(self) -> float:
        """The loss of the layer in 8 bits: weights and inputs."""
        return self.weight + self.inputs


@dataclass(frozen=True)
class Sensitivity:
    """The loss of each rounding alone, all else in float, summed over samples.

    Args:
        weights: layer to the loss with its weights in 8 bits; of a layer that quantizes its rows as they arrive, with
            these as well.
        values: value to the loss with it in 8 bits.
        rounded: the values, with who makes and who reads them.
        signal: power of the float outputs; 0 for another loss than the squared error.
        samples: how many were computed.
        readers: layer to the values that it reads.
    """

    weights: dict[str, float]
    values: dict[str, float]
    rounded: tuple[RoundedValue, ...]
    signal: float
    samples: int
    readers: Mapping[str, tuple[str, ...]] = field(repr=False)

    @property
    def loss(self) -> float:
        """The sum of all: what the int8 network loses, as independent errors add."""
        return sum(self.weights.values()) + sum(self.values.values())

    def layers(self) -> list[LayerSensitivity]:
        """Return the layers, the one that costs most first."""
        found = []
        for name, weight in self.weights.items():
            inputs = sum(self.values.get(value, 0.0) for value in self.readers[name])
            sqnr = ratio_db(self.signal, weight + inputs) if self.signal else None
            found.append(LayerSensitivity(name, weight, inputs, sqnr))
        return sorted(found, key=lambda layer: -layer.loss)


def sensitivity(
    exact: Prepared,
    rounded: Prepared,
    samples: Sequence[Mapping[str, Tensor]],
    loss: Loss = squared_error,
    step: Callable[[], None] = lambda: None,
) -> Sensitivity:
    """Measure what each rounding costs on its own: of one layer's weights, or of one value, all else in float.

    The float network is computed once for each sample and its values are kept; then each rounding is made alone and
    what lies downstream of it is computed again. So with L layers and V values in 8 bits a sample costs
    1 + (L + V) / 2 passes of a network that is a chain, fewer where it ends early. Memory: the values of one sample.

    The losses of independent small errors add, so that the sum over a set of roundings foretells the loss of the set;
    what is chosen by it has to be measured all the same.

    Args:
        exact: calibrated, with the float weights.
        rounded: the same graph as its program will have it, with weights that are rounded (by `LayerByLayer`).
        samples: input name to tensor; a dozen elements give the order of layers, see `few_elements`.
        loss: of the outputs; its sum over samples is returned. The squared error gives SQNRs.
        step: called after each sample.
    """
    layers = {node.name: node for node in selectable(exact)}
    into = {node.name: node for node in rounded.graph.nodes}
    values = [value for value in rounded_values(exact) if not value.again]
    qparams = {value.name: exact.observers[exact.groups[value.name]].qparams() for value in values}  # a search each
    weight_loss, value_loss = dict.fromkeys(layers, 0.0), {value.name: 0.0 for value in values}
    signal = 0.0
    for sample in samples:
        network = Downstream(exact.graph, sample)
        signal += signal_power(network.outputs) if loss is squared_error else 0.0
        for name, node in layers.items():
            weight_loss[name] += loss(network.outputs, _with_layer(network, exact, node, into[name]))
        for value in values:
            value_loss[value.name] += loss(network.outputs, _with_value(network, value, qparams[value.name]))
        step()
    readers = {name: node.inputs for name, node in layers.items()}
    return Sensitivity(weight_loss, value_loss, tuple(values), signal, len(samples), readers)


def _with_layer(network: Downstream, exact: Prepared, node: Node, rounded: Node) -> list[Tensor]:
    """Return the outputs with one layer's weights in 8 bits, and the rows that it quantizes as they arrive."""
    if not exact.decisions[node.name].dynamic:
        return network.changed(nodes={node.name: rounded})
    x, *others = (network.values[value] for value in node.inputs)
    with torch.no_grad():
        y = compute(rounded, [rounded_input(node, x, exact, dynamic=True), *others], {})
    return network.changed(values={node.output: y})


def _with_value(network: Downstream, value: RoundedValue, qparams: Qparams) -> list[Tensor]:
    """Return the outputs with one value in 8 bits."""
    held = dequantize(quantize(network.values[value.name], qparams), qparams)
    return network.changed(values={value.name: held}, readers=None if value.everywhere else value.readers)
