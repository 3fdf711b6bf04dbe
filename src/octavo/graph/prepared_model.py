"""A prepared graph as a module: called like the model, while its observers watch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from octavo.graph.calibrate import not_finite
from octavo.graph.graph_module import GraphModule
from octavo.graph.ir import Node
from octavo.graph.module_tree import attach, place_of
from octavo.graph.prepare import Prepared
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

    def __init__(self, prepared: Prepared) -> None:
        super().__init__(prepared.graph, prepared.signature)
        self.origin: Any = None
        self._prepared = replace(prepared, graph=self.graph)
        self._layers = {value: node.name for value, node in self.graph.producers().items()}
        self._in_8_bits = {
            value for node in self.graph.nodes if prepared.decisions[node.name].int8 for value in node.outputs
        }
        for root, observer in prepared.observers.items():
            attach(self, place_of(self._layers.get(root, root))).add_module(OBSERVER, observer)

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
        observer = self._observer(value)
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

    def _observer(self, value: str) -> nn.Module:
        return self._prepared.observers[self._prepared.groups[value]]
