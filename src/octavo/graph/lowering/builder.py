"""What a lowering writes to: nodes with unique names that tell the layer they came from."""

from __future__ import annotations

from typing import Any

import torch
from torch import fx

from octavo.graph.ir import Node, Shape
from octavo.graph.lowering.registry import Unsupported, Value
from octavo.graph.passes.share_qparams import MOVING
from octavo.graph.symbols import SymbolTable, reshape_target
from octavo.program import Value as ProgramValue

# What is named after the module whose weight it reads.
_WEIGHTED = frozenset({
    "conv", "conv_transpose", "linear", "affine", "prelu", "layer_norm", "group_norm", "embedding", "embedding_bag",
})  # fmt: skip

# What indices are in `Builder.fixed`.
INDICES = ProgramValue("int64")


class Builder:
    """Collect nodes while the operators of a captured module are visited in order.

    Args:
        symbols: the names of symbolic dimensions.
        containers: paths of the modules that have children; an operator in one of them is not the whole layer.
        training: whether batch norms and dropouts are kept apart, to be trained.

    Attributes:
        nodes: in order.
        current: what is being lowered.
        fixed: the values that are no float32 from the start: in 8 bits, or indices.
    """

    def __init__(self, symbols: SymbolTable, containers: set[str], training: bool = False) -> None:
        self.symbols = symbols
        self.training = training
        self.nodes: list[Node] = []
        self.current: fx.Node
        self.fixed: dict[str, ProgramValue] = {}
        self._shapes: dict[str, Shape] = {}
        self._names: set[str] = set()
        self._containers = containers

    def declare(self, name: str, shape: Shape) -> Value:
        """Add a model input."""
        self._names.add(name)
        self._shapes[name] = shape
        return Value(name)

    def shape(self, value: Value) -> Shape:
        """Return the shape of a value; refuse a constant, which stands where only a value can."""
        if not isinstance(value, Value):
            raise Unsupported("one of its operands is a constant", "compute it from the input, or leave it out")
        return self._shapes[value.name]

    def result_shape(self) -> Shape:
        """Return the shape that PyTorch gave the operator being lowered."""
        return self.symbols.shape(self.current.meta["val"].shape)

    def emit(
        self,
        operator: str,
        inputs: tuple[Value, ...],
        shape: Shape | None = None,
        attributes: dict[str, Any] | None = None,
        constants: dict[str, torch.Tensor] | None = None,
        suffix: str = "",
    ) -> Value:
        """Append a node and return its value.

        Args:
            operator: a type of the graph.
            inputs: what it reads.
            shape: of its output; None for the shape that PyTorch gave.
            attributes: plain data.
            constants: role to tensor.
            suffix: tells the helper nodes of one layer apart from the layer itself.
        """
        path, module = self.place()
        name = self.claim(self.layer_name(path, operator) + suffix)
        shape = self.result_shape() if shape is None else shape
        tensors = {role: tensor.detach() for role, tensor in (constants or {}).items()}
        names = tuple(v.name for v in inputs)
        self.append(Node(operator, name, names, name, shape, attributes or {}, tensors, (), module, path))
        if operator in MOVING and inputs[0].name in self.fixed:
            self.fixed[name] = self.fixed[inputs[0].name]
        return Value(name)

    def append(self, node: Node) -> None:
        """Append a node that is made already, under names that `claim` has given."""
        self.nodes.append(node)
        self._shapes |= {node.output: node.shape, **dict(node.more)}

    def claim(self, stem: str) -> str:
        """Return a name that nothing else in the graph has: the stem itself, or `stem@1`."""
        name, count = stem, 1
        while name in self._names:
            name, count = f"{stem}@{count}", count + 1
        self._names.add(name)
        return name

    def layer_name(self, path: str, operator: str) -> str:
        """Name a node after the layer that it comes from."""
        owner = self._weight_owner()
        if owner is not None and operator in _WEIGHTED:
            return owner
        if path and path not in self._containers:
            return path
        return f"{path}.{operator}" if path else operator

    def reshape(self, x: Value, shape: Shape, suffix: str = ".reshape") -> Value:
        """Append a reshape, or return x where it has the shape already."""
        if self.shape(x) == shape:
            return x
        target = reshape_target(shape)
        if target is None:
            raise Unsupported(
                f"the shape {list(shape)} has two sizes that are expressions of symbols",
                "fix one of these dimensions with dynamic_shapes",
            )
        return self.emit("reshape", (x,), shape, {"shape": target}, suffix=suffix)

    def reshaped(self, value: Value) -> Value:
        """Return what a value was reshaped from; the value itself where it was not."""
        made = next((node for node in self.nodes if node.output == value.name), None)
        return Value(made.inputs[0]) if made is not None and made.type == "reshape" else value

    def placeholder(self) -> Any:
        """Stand in for the result of an operator that could not be lowered, so that the rest can be looked at."""
        result = self.current.meta.get("val")
        if isinstance(result, torch.Tensor):
            return self.declare(self.claim(self.current.name), self.symbols.shape(result.shape))
        if isinstance(result, (list, tuple)):
            name = self.current.name
            return [self.declare(self.claim(name), self.symbols.shape(r.shape)) for r in result]
        return result

    def place(self) -> tuple[str, str]:
        """Return the path and the class name of the module that called the operator."""
        stack = self.current.meta.get("nn_module_stack") or {}
        path, cls = list(stack.values())[-1] if stack else ("", "")
        kind = cls if isinstance(cls, str) else cls.__name__
        return path, kind.rsplit(".", 1)[-1]

    def _weight_owner(self) -> str | None:
        """Return the module whose `weight` the operator reads: the layer's own name, whoever calls it."""
        for argument in self.current.args:
            if isinstance(argument, fx.Node) and argument.op == "get_attr":
                owner, _, role = str(argument.target).rpartition(".")
                if role == "weight" and owner:
                    return owner
        return None
