"""A graph as a PyTorch module: called like the model it was captured from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor, nn
from torch.utils import _pytree as pytree

from octavo.graph.errors import CalibrationError
from octavo.graph.execute import compute
from octavo.graph.ir import Graph, Node
from octavo.graph.module_tree import Held, Part, attach, place_of
from octavo.graph.signature import Signature
from octavo.program.structure import rebuild


class GraphModule(nn.Module):
    """Compute a graph in float32; the constants of its nodes are parameters, named after their layers.

    Args:
        graph: what is computed; its constants are copied.
        signature: how arguments become its inputs.
        held: copies the constants; default: to parameters without gradients.
    """

    def __init__(self, graph: Graph, signature: Signature, held: Held | None = None) -> None:
        super().__init__()
        self._signature = signature
        self._parts: dict[str, nn.Module] = {}
        held, graph = held or Held(), graph.computed()  # all at once: what shares memory is told by where it is
        for node in sorted(graph.nodes, key=lambda node: node.name.count(".")):
            part = self.make_part(node, held)
            if part is not None and part not in self._parts.values():
                attach(self, place_of(node.name), part)
            if part is not None:
                self._parts[node.name] = part
        self.graph = graph.with_nodes(replace(node, constants={}) for node in graph.nodes)
        self._last_uses = graph.last_uses()

    def make_part(self, node: Node, held: Held) -> nn.Module | None:
        """Make the module that holds a node's constants; None where it has none.

        Args:
            node: as captured.
            held: copies the constants.
        """
        return Part(node.constants, held, kind=node.module or node.type) if node.constants else None

    def constants(self, node: Node) -> dict[str, Tensor]:
        """Return a node's constants as they are now."""
        part = self._parts.get(node.name)
        return part.tensors() if isinstance(part, Part) else {}

    def current_graph(self) -> Graph:
        """Return the graph with its constants as they are now."""
        return self.graph.with_nodes(self.frozen(node) for node in self.graph.nodes)

    def frozen(self, node: Node) -> Node:
        """Return a node with its constants as they are now, on the CPU."""
        return replace(node, constants={role: t.detach().cpu() for role, t in self.constants(node).items()})

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the graph on what the model takes, and return what it returns.

        Raises:
            CalibrationError: an input does not fit.
        """
        inputs = self._signature.bind(self._sample(args, kwargs), "the input", finite=False)
        return rebuild(self.graph.structure, self._run(inputs))

    def takes(self, *args: Any, **kwargs: Any) -> bool:
        """Tell whether arguments fit the sizes that the graph was captured with."""
        try:
            self._signature.bind(self._sample(args, kwargs), "the input", finite=False)
        except CalibrationError:
            return False
        return True

    def compute_node(self, node: Node, inputs: Sequence[Tensor], sizes: Mapping[str, int]) -> Any:
        """Compute one node."""
        return compute(replace(node, constants=self.constants(node)), inputs, sizes)

    def read(self, node: Node, value: str, values: Mapping[str, Tensor]) -> Tensor:
        """Return a value as a node reads it."""
        return values[value]

    def made(self, value: str, tensor: Tensor, values: dict[str, Tensor]) -> None:
        """Take note of a value that was made."""
        values[value] = tensor

    def free(self, value: str, values: dict[str, Tensor]) -> None:
        """Forget a value that nothing reads any more."""
        del values[value]

    def _run(self, inputs: Mapping[str, Tensor]) -> list[Tensor]:
        graph = self.graph
        measured = ((dim, n) for i in graph.inputs for dim, n in zip(i.shape, inputs[i.name].shape, strict=True))
        sizes = {dim: n for dim, n in measured if isinstance(dim, str)}
        values: dict[str, Tensor] = {}
        for name, tensor in inputs.items():
            self.made(name, tensor, values)
        for node, freed in zip(graph.nodes, self._last_uses, strict=True):
            made = self.compute_node(node, [self.read(node, value, values) for value in node.inputs], sizes)
            for name, tensor in zip(node.outputs, made if node.more else (made,), strict=True):
                self.made(name, tensor, values)
            for name in freed:
                self.free(name, values)
        return [values[name] for name in graph.outputs]

    def _sample(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._signature.keywords:
            return kwargs if kwargs else args
        given = [leaf for leaf in pytree.tree_leaves(args) if leaf is not None]
        names = [i.name for i in self._signature.inputs[len(given) :]]
        return (*given, *(kwargs[name] for name in names if name in kwargs))

    def extra_repr(self) -> str:
        """Tell the sizes of the graph."""
        return f"nodes={len(self.graph.nodes)}"
