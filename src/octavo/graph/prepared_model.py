"""A prepared graph as a module: called like the model, while its observers watch or its layers train."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from octavo.fake_quantize import FakeQuantizeBase
from octavo.graph.calibrate import not_finite
from octavo.graph.graph_module import GraphModule
from octavo.graph.ir import Node
from octavo.graph.module_tree import Held, attach, place_of
from octavo.graph.passes.share_qparams import AVERAGING
from octavo.graph.placement import LAYERS
from octavo.graph.ports import made_in_8_bits
from octavo.graph.prepare import Prepared
from octavo.graph.trained_layer import TrainedLayer, dropout_of, trained_layer
from octavo.nn.fake_quantized import evaluated_qparams, marked, plain
from octavo.observers import ObserverBase

OBSERVER = "activation_post_process"
"""What the module that watches a layer's output is called in the layer's module."""


class PreparedModel(GraphModule):
    """Compute the float graph with an observer on every value that will have 8 bits.

    Observers are submodules (`layer1.conv.activation_post_process`), weights parameters (`layer1.conv.weight`), batch
    norm folded into them; both are in the state_dict.

    Args:
        prepared: of `prepare`.

    Attributes:
        origin: what a report of the converted model compares it with.
    """

    def __init__(self, prepared: Prepared, held: Held | None = None) -> None:
        super().__init__(prepared.graph, prepared.signature, held)
        self.origin: Any = None
        self._prepared = replace(prepared, graph=self.graph)
        self._layers = {value: node.name for value, node in self.graph.producers().items()}
        self._in_8_bits = {
            value
            for node in prepared.graph.nodes
            if prepared.decisions[node.name].int8
            for value in made_in_8_bits(node)
        }
        for root, observer in prepared.observers.items():
            name = self._layers.get(root, root)
            # A layer's second call has an observer of its own, but not a module.
            attach(self, place_of(name)).add_module(OBSERVER, observer)

    def prepared(self) -> Prepared:
        """Return what is to be converted: the graph with its constants as they are now, and the observers."""
        return replace(self._prepared, graph=self.current_graph(), samples=1)

    def read(self, node: Node, value: str, values: Mapping[str, Tensor]) -> Tensor:
        """Return a value as a node reads it: where a float layer has made it, the int8 ones read it rounded."""
        if self._prepared.decisions[node.name].int8:
            return values.get(f"{value}.rounded", values[value])
        return values[value]

    def made(self, value: str, tensor: Tensor, values: dict[str, Tensor]) -> None:
        """Show a value to its observer, which may round it."""
        values[value] = tensor
        if value not in self._prepared.watched:
            return
        observer = self.observer(value)
        try:
            seen = observer(tensor)
        except ValueError as error:
            if isinstance(observer, ObserverBase):
                raise not_finite("the input", self._layers.get(value, value), tensor) from error
            raise
        if seen is not tensor:
            values[value if value in self._in_8_bits else f"{value}.rounded"] = seen

    def free(self, value: str, values: dict[str, Tensor]) -> None:
        """Forget a value, rounded or not."""
        super().free(value, values)
        values.pop(f"{value}.rounded", None)

    def observer(self, value: str) -> nn.Module:
        """Return what watches a value that will have 8 bits."""
        return self._prepared.observers[self._prepared.groups[value]]


class TrainedModel(PreparedModel):
    """Compute the graph as it will be in 8 bits: fake-quantize modules round, gradients pass them.

    A layer and its batch norm are one module (`layer1.conv.weight`, `layer1.conv.bn.running_mean`). `train()` and
    `eval()` hold for batch norms and dropouts. What the model asked of `self.training` in Python is as in evaluation.

    Args:
        prepared: of `prepare` with `training`.
        frozen: where the memory of what does not train begins: buffers, and parameters without gradient.
    """

    def __init__(self, prepared: Prepared, frozen: Collection[int] = ()) -> None:
        self._made: dict[Any, nn.Module] = {}
        self._qconfigs = prepared.qconfigs
        self._placed = prepared.decisions
        super().__init__(prepared, Held(trains=True, frozen=frozen))

    def make_part(self, node: Node, held: Held) -> nn.Module | None:
        """Make the module of a node; a layer that is called again has the one that it had."""
        if node.type == "dropout":
            return dropout_of(node)
        if node.type not in LAYERS:
            return super().make_part(node, held)
        where = self._placed[node.name]
        qconfig = self._qconfigs[node.name] if where.int8 or where.dynamic else None
        key = (*(held.key(t) for t in node.constants.values()), id(qconfig))
        if key not in self._made:
            self._made[key] = trained_layer(node, held, qconfig)
        return self._made[key]

    def compute_node(self, node: Node, inputs: Sequence[Tensor], sizes: Mapping[str, int]) -> Any:
        """Compute a node as the converted model will."""
        part = self._parts.get(node.name)
        int8 = self._prepared.decisions[node.name].int8
        if isinstance(part, TrainedLayer):
            x = evaluated_qparams(self.observer(node.inputs[0])) if int8 else None
            return part.run(node, inputs, x)
        if node.type == "dropout" and part is not None:
            return part(*inputs)
        if int8 and node.type in AVERAGING and self._shares(node):
            # Where an average keeps its input's qparams, in evaluation it is rounded to them here.
            return plain(super().compute_node(node, [marked(inputs[0], self.observer(node.inputs[0]))], sizes))
        return super().compute_node(node, inputs, sizes)

    def trained_layers(self) -> Iterator[tuple[Node, TrainedLayer]]:
        """Yield the layers whose weights are rounded, each with one of the nodes that it computes."""
        parts = {id(part): (node, part) for node in self.graph.nodes if (part := self._parts.get(node.name))}
        for node, part in parts.values():
            if isinstance(part, TrainedLayer) and isinstance(part.weight_fake_quant, FakeQuantizeBase):
                yield node, part

    def frozen(self, node: Node) -> Node:
        """Return a node as it is now, batch norm folded in."""
        part = self._parts.get(node.name)
        return part.frozen(node) if isinstance(part, TrainedLayer) else super().frozen(node)

    def prepared(self) -> Prepared:
        """Return what is to be converted, with the qparams that the weights were trained with."""
        weights = {}
        for node in self.graph.nodes:
            part = self._parts.get(node.name)
            qparams = part.weight_qparams(node) if isinstance(part, TrainedLayer) else None
            if qparams is not None:
                weights[node.name] = qparams
        return replace(super().prepared(), weights=weights)

    def _shares(self, node: Node) -> bool:
        groups = self._prepared.groups
        return groups[node.inputs[0]] == groups[node.output]
