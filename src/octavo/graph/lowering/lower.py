"""Visit the operators of an exported module in order and lower each."""

from __future__ import annotations

import operator
from typing import Any

import torch
from torch import fx
from torch.fx.node import map_aggregate, map_arg

from octavo.graph.errors import UnsupportedOperator, UnsupportedOperatorError
from octavo.graph.lowering.builder import Builder
from octavo.graph.lowering.dtypes import check_dtypes
from octavo.graph.lowering.mapped import follow
from octavo.graph.lowering.masks import as_float, truth
from octavo.graph.lowering.operands import Both, value_of
from octavo.graph.lowering.patterns import Mapped, Ramp, Split
from octavo.graph.lowering.registry import (
    ANY_DTYPE,
    LOWERINGS,
    TAKES_INTEGERS,
    TAKES_PATTERNS,
    TAKES_SIZES,
    Packed,
    Unsupported,
    Value,
    is_in_place,
    operator_key,
)
from octavo.graph.lowering.sizes import is_fill

_OF_PACKED = frozenset({"lstm", "gru", "rnn_tanh", "rnn_relu", "unpack", "dropout"})
"""Operators that may read packed sequences."""

_SYMBOLIC = (torch.SymInt, torch.SymFloat, torch.SymBool)


def lower(module: fx.GraphModule, builder: Builder) -> Any:
    """Lower a captured module into a builder.

    Args:
        module: what `torch.export.export(...).module()` gave; its parameters are read, never written.
        builder: has the inputs declared under the placeholders' targets, the names of forward's parameters.

    Returns: what the module returns, with a `Value` for each tensor.

    Raises:
        UnsupportedOperatorError: some operators cannot be expressed; it lists all of them.
    """
    visit = _Visit(module, builder)
    result = None
    for node in module.graph.nodes:
        builder.current = node
        if node.op == "output":
            result = visit.resolve(node.args[0])
        elif node.op != "call_module":  # export's own shape guards are the only module calls
            visit.environment[node] = visit.lower_node(node)
    if visit.unsupported:
        raise UnsupportedOperatorError(visit.unsupported)
    return result


class _Visit:
    """The state of one walk: what each fx node has become."""

    def __init__(self, module: fx.GraphModule, builder: Builder) -> None:
        self.environment: dict[fx.Node, Any] = {}
        self.unsupported: list[UnsupportedOperator] = []
        self._module = module
        self._builder = builder
        self._order = {node: index for index, node in enumerate(module.graph.nodes)}

    def resolve(self, argument: Any) -> Any:
        """Replace fx nodes by what they have become."""
        return map_arg(argument, lambda node: self.environment[node])

    def lower_node(self, node: fx.Node) -> Any:
        if node.op == "placeholder":
            return self._input(node)
        if node.op == "get_attr":
            return _attribute(self._module, str(node.target)).detach()
        if not node.users and not _overwrites(node.target):
            return None  # nobody reads it: a result that is not used, or one of export's own assertions
        arguments, keywords = self.resolve(node.args), self.resolve(node.kwargs)
        try:
            result = self._call(node, arguments, keywords)
            if is_in_place(node.target):
                self._overwrite(node, result)
        except Unsupported as problem:
            path, _ = self._builder.place()
            self.unsupported.append(UnsupportedOperator(str(node.target), path, problem.reason, problem.remedy))
            result = self._builder.placeholder()
        return result

    def _input(self, node: fx.Node) -> Any:
        """Return an input of the model; booleans come as int64 and are 0 or 1 from here on."""
        given = node.meta.get("val")
        if not isinstance(given, torch.Tensor):
            return None
        value = Value(str(node.target))
        return truth(self._builder, value) if given.dtype == torch.bool and node.users else value

    def _call(self, node: fx.Node, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        leaves: list[Any] = []
        map_aggregate((arguments, keywords), leaves.append)
        key, made = operator_key(node.target), node.meta.get("val")
        if isinstance(made, _SYMBOLIC):
            return made
        if node.target is operator.getitem:
            return _item(*arguments)
        packed = [leaf for leaf in leaves if isinstance(leaf, Packed)]
        if packed and key not in _OF_PACKED:
            raise Unsupported("it computes with the data of packed sequences", "unpack them first, and mask")
        values = [leaf for leaf in leaves if isinstance(leaf, Value)]
        sized = any(isinstance(leaf, (*_SYMBOLIC, Ramp, Split, Mapped)) for leaf in leaves)
        if (sized and not values and not packed and key != "embedding") or (is_fill(node) and (sized or values)):
            try:
                return follow(self._builder, node, arguments, keywords)
            except Unsupported:
                if key not in LOWERINGS or not _becomes_float(leaves, made):
                    raise
        if not any(isinstance(leaf, (Value, Packed, Ramp, Split, Mapped, Both)) for leaf in leaves):
            return self._fold(node, arguments, keywords)
        if key not in LOWERINGS:
            raise Unsupported(
                "a program has no such operator",
                "replace it by supported operators, or leave this part out of the quantized model",
            )
        if key not in ANY_DTYPE and values:
            check_dtypes(self._builder, key, values, made)
        if key not in TAKES_SIZES and any(isinstance(leaf, _SYMBOLIC) for leaf in leaves):
            raise Unsupported("it computes with a symbolic size", "fix the size with dynamic_shapes")
        arguments, keywords = map_aggregate((arguments, keywords), lambda leaf: self._readable(key, leaf))  # type: ignore[misc]
        return LOWERINGS[key](self._builder, *arguments, **keywords)

    def _readable(self, key: str, leaf: Any) -> Any:
        """Return an operand as a lowering reads it: patterns as values, and integers as numbers in float32."""
        if isinstance(leaf, (Ramp, Split, Mapped, Both)) and key not in TAKES_PATTERNS:
            return value_of(self._builder, leaf)
        return as_float(self._builder, leaf) if isinstance(leaf, Value) and key in TAKES_INTEGERS else leaf

    def _fold(self, node: fx.Node, arguments: Any, keywords: Any) -> Any:
        """Compute now what does not depend on the inputs."""
        if not callable(node.target):
            raise Unsupported("it cannot be computed ahead of time")
        if is_in_place(node.target):
            arguments = (arguments[0].clone(), *arguments[1:])
        with torch.no_grad():
            return node.target(*arguments, **keywords)

    def _overwrite(self, node: fx.Node, result: Any) -> None:
        """Let everything that shares memory with the overwritten tensor read the new value from here on."""
        target = node.args[0]
        assert isinstance(target, fx.Node)
        old, storage = self.environment[target], _storage(target)
        for other, value in self.environment.items():
            if _storage(other) != storage:
                continue
            if value == old if isinstance(value, Value) else value is old:
                self.environment[other] = result
            elif any(self._order[user] > self._order[node] for user in other.users):
                raise Unsupported(
                    f"it overwrites memory that '{other.name}' is a view of and that is read again later",
                    "use the operator that does not work in place",
                )


def _becomes_float(leaves: list[Any], made: Any) -> bool:
    """Tell whether an operator can read its patterns as float32 values instead, and gives such a value."""
    patterns = any(isinstance(leaf, (Ramp, Split, Mapped)) for leaf in leaves)
    return patterns and isinstance(made, torch.Tensor) and made.dtype in (torch.float32, torch.bool)


def _overwrites(target: Any) -> bool:
    """Tell whether an operator changes one of its arguments."""
    schema = getattr(target, "_schema", None)
    return schema is not None and bool(schema.is_mutable)


def _item(results: Any, index: Any) -> Any:
    if isinstance(results, list) and index >= len(results):
        raise Unsupported(f"it is result {index} of an operator that a program has {len(results)} results of")
    return results[index]


def _attribute(module: torch.nn.Module, path: str) -> torch.Tensor:
    value: Any = module
    for part in path.split("."):
        value = getattr(value, part)
    return value


def _storage(node: fx.Node) -> int | None:
    """Identify the memory behind an fx node's tensor; dropout hands its argument through when it does nothing."""
    while operator_key(node.target) == "dropout" and isinstance(node.args[0], fx.Node):
        node = node.args[0]
    value = node.meta.get("val")
    return value.untyped_storage()._cdata if isinstance(value, torch.Tensor) else None
