"""What a lowering writes to: nodes with unique names that tell the layer they came from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from octavo.graph.ir import Dim, Node, Shape
from octavo.graph.lowering.origin import Origin
from octavo.graph.lowering.registry import Unsupported, Value
from octavo.graph.lowering.repeat import broadcast_shapes, repeat
from octavo.graph.passes.share_qparams import MOVING
from octavo.graph.symbols import SymbolTable, reshape_target
from octavo.program import Value as ProgramValue

# What indices are in `Builder.fixed`.
INDICES = ProgramValue("int64")


class Builder(Origin):
    """Collect nodes while the operators of a captured module are visited in order.

    Args:
        symbols: the names of symbolic dimensions.
        containers: paths of the modules that have children; an operator in one of them is not the whole layer.
        training: whether batch norms and dropouts are kept apart, to be trained.

    Attributes:
        nodes: in order.
        fixed: the values that are no float32 from the start: in 8 bits, or indices.
    """

    def __init__(self, symbols: SymbolTable, containers: set[str], training: bool = False) -> None:
        self.symbols = symbols
        self.training = training
        super().__init__(containers)
        self.nodes: list[Node] = []
        self.fixed: dict[str, ProgramValue] = {}
        self._shapes: dict[str, Shape] = {}
        self._made: dict[str, Node] = {}
        self._kept: dict[tuple[str, ...], Value] = {}

    def declare(self, name: str, shape: Shape) -> Value:
        """Add a model input."""
        self._names.add(name)
        self._shapes[name] = shape
        return Value(name)

    def shape(self, value: Value) -> Shape:
        """Return the shape of a value; refuse a constant, which stands where only a value can."""
        if not isinstance(value, Value):
            raise Unsupported("one of its operands is a constant", "compute it from the input, or leave it out")
        return self._shapes[value.name] if value.expanded is None else value.expanded

    def own_shape(self, value: Value) -> Shape:
        """Return the shape that a value has in the graph, without what `expand` has made of it."""
        return self._shapes[value.name]

    def axis_of_size(self, dim: Dim) -> tuple[Value, int]:
        """Find a value, and the axis of it that has a symbolic size."""
        for name, shape in self._shapes.items():
            if dim in shape:
                return Value(name), shape.index(dim)
        raise Unsupported(
            f"it makes a tensor of the size {dim}, which no other has", "fix the size with dynamic_shapes"
        )

    def once(self, key: tuple[str, ...], make: Callable[[], Value]) -> Value:
        """Return what `make` gave for this key the first time: what several layers read is computed once."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

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
        names = tuple(self.dense(v).name for v in inputs)
        self.append(Node(operator, name, names, name, shape, attributes or {}, tensors, (), module, path))
        if operator in MOVING and inputs[0].name in self.fixed:
            self.fixed[name] = self.fixed[inputs[0].name]
        return Value(name)

    def elementwise(
        self,
        operator: str,
        x: Value,
        attributes: dict[str, Any],
        constants: Any = None,
        suffix: str = "",
        repeat: int = 1,
    ) -> Value:
        """Append a node that maps each element of x by itself; x is each of its `repeat` inputs."""
        own = (Value(x.name),) * repeat
        y = self.emit(operator, own, self._shapes[x.name], attributes, constants, suffix)
        return Value(y.name, x.expanded)

    def dense(self, x: Value) -> Value:
        """Return a value with its elements repeated as `expand` has wished."""
        if x.expanded is None:
            return x
        return self.once(("dense", x.name, str(x.expanded)), lambda: repeat(self, x))

    def integers(self, size: Dim, start: int, step: int) -> Value:
        """Return `start + i · step` for i below a size: [size] int64."""

        def make() -> Value:
            x, axis = self.axis_of_size(size)
            made = self.emit("range", (x,), (size,), {"axis": axis, "start": start, "step": step}, suffix=".range")
            self.fixed[made.name] = INDICES
            return made

        return self.once(("range", str(size), str(start), str(step)), make)

    def append(self, node: Node) -> None:
        """Append a node that is made already, under names that `claim` has given."""
        self.nodes.append(node)
        self._made[node.output] = node
        self._shapes |= {node.output: node.shape, **dict(node.more)}

    def reshape(self, x: Value, shape: Shape, suffix: str = ".reshape") -> Value:
        """Append a reshape, or return x where it has the shape already."""
        if self.shape(x) == shape:
            return x
        x = self.dense(x)
        target = reshape_target(shape)
        if target is None:
            raise Unsupported(
                f"the shape {list(shape)} has two sizes that are expressions of symbols",
                "fix one of these dimensions with dynamic_shapes",
            )
        return self.emit("reshape", (x,), shape, {"shape": target}, suffix=suffix)

    def reshaped(self, value: Value) -> Value:
        """Return what a value was reshaped from; the value itself where it was not."""
        made = self.maker(value, "reshape")
        return value if made is None else Value(made.inputs[0])

    def maker(self, value: Value, operator: str) -> Node | None:
        """Return the node that makes a value, where it is of that type."""
        made = self._made.get(value.name)
        return made if made is not None and made.type == operator else None

    def placeholder(self) -> Any:
        """Stand in for the result of an operator that could not be lowered, so that the rest can be looked at."""
        result = self.current.meta.get("val")
        if isinstance(result, torch.Tensor):
            return self.declare(self.claim(self.current.name), self.symbols.shape(result.shape))
        if isinstance(result, (list, tuple)):
            name = self.current.name
            return [self.declare(self.claim(name), self.symbols.shape(r.shape)) for r in result]
        return result

    def broadcast(self, *values: Value) -> Shape:
        """Return the shape that values broadcast to as they are in the graph."""
        shapes = [self._shapes[value.name] for value in values]
        shape = broadcast_shapes(*shapes)
        if shape is None:
            raise Unsupported(
                f"the shapes {' and '.join(str(list(s)) for s in shapes)} do not broadcast for every size"
            )
        return shape
