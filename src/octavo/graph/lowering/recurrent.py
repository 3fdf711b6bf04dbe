"""LSTM, GRU and RNN: a node for each layer and direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from octavo.graph.ir import Dim, Node, Shape
from octavo.graph.lowering.builder import Builder
from octavo.graph.lowering.registry import Unsupported, Value, Zeros, lowers, operator_key

_STATES = {"lstm": 2, "gru": 1, "rnn": 1}


@dataclass(frozen=True)
class _Layer:
    """What one layer in one direction is made of: its operator and attributes, and its name's ending."""

    operator: str
    attributes: dict[str, Any]
    suffix: str


@lowers("lstm", "gru", "rnn_tanh", "rnn_relu")
def recurrent(
    b: Builder,
    x: Value,
    states: Any,
    weights: Any,
    has_biases: bool,
    layers: int,
    dropout: float,
    train: bool,
    bidirectional: bool,
    batch_first: bool,
) -> list[Value]:
    """Lower a stack of recurrent layers; the states at the start are zeros, or [layers · directions, n, hidden]."""
    operator, attributes = _kind(b)
    if isinstance(has_biases, (list, tuple)) or len(b.shape(x)) != 3:
        raise Unsupported("it takes packed sequences or has no batch dimension", "pad sequences to one batch")
    directions = 2 if bidirectional else 1
    per_layer = 4 if has_biases else 2
    if len(weights) != per_layer * layers * directions:
        raise Unsupported("it projects its output (proj_size)", "build it with proj_size=0")
    given = _states(b, states, layers * directions)
    y = _turned(b, x, ".permute") if batch_first else x
    last: list[list[Value]] = []
    for layer in range(layers):
        ways = []
        for way in range(directions):
            index = layer * directions + way
            part = tuple(weights[index * per_layer : (index + 1) * per_layer])
            suffix = f".l{layer}{'_reverse' if way else ''}" if layers * directions > 1 else ""
            made = _layer(b, _Layer(operator, {**attributes, "reverse": bool(way)}, suffix), y, given[index], part)
            ways.append(made[0])
            last.append(made[1:])
        y = ways[0] if directions == 1 else _joined(b, ways, 2, f".l{layer}")
    y = _turned(b, y, ".output") if batch_first else y
    return [y, *(_stacked(b, parts, f".state{i}") for i, parts in enumerate(zip(*last, strict=True)))]


@lowers("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell")
def cell(b: Builder, x: Value, states: Any, *weights: Any) -> Any:
    """Lower a cell: a layer of one time step."""
    operator, attributes = _kind(b)
    shape = b.shape(x)
    given = list(states) if isinstance(states, (list, tuple)) else [states]
    ready = None if all(map(_is_zero, given)) else [_value(state) for state in given]
    raised = b.reshape(x, (1, *shape), ".step")
    tensors = tuple(w for w in weights if w is not None)
    made = _layer(b, _Layer(operator, {**attributes, "reverse": False}, ""), raised, ready, tensors)
    return made[1:] if operator == "lstm" else made[1]


def _kind(b: Builder) -> tuple[str, dict[str, Any]]:
    key = operator_key(b.current.target).removesuffix("_cell")
    operator, _, nonlinearity = key.partition("_")
    return operator, {"nonlinearity": nonlinearity} if nonlinearity else {}


def _layer(
    b: Builder, layer: _Layer, x: Value, states: Sequence[Value] | None, weights: tuple[Any, ...]
) -> list[Value]:
    """Append a layer and return y and its states at the end."""
    if not all(isinstance(w, torch.Tensor) for w in weights):
        raise Unsupported("its weight depends on the input", "make it a parameter of the module")
    roles = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")[: len(weights)]
    hidden = weights[1].shape[1]
    time, batch, _ = b.shape(x)
    path, module = b.place()
    name = b.claim(b.layer_name(path, layer.operator) + layer.suffix)
    more = [(b.claim(f"{name}.state{i}"), (batch, hidden)) for i in range(_STATES[layer.operator])]
    read = (x.name, *(state.name for state in states or ()))
    constants = {role: w.detach() for role, w in zip(roles, weights, strict=True)}
    shape = (time, batch, hidden)
    b.append(Node(layer.operator, name, read, name, shape, layer.attributes, constants, (), module, path, tuple(more)))
    return [Value(name), *(Value(state) for state, _ in more)]


def _states(b: Builder, states: Any, count: int) -> list[list[Value] | None]:
    """Return the states of each layer and direction at the start; None where they are zeros."""
    given = list(states) if isinstance(states, (list, tuple)) else [states]
    if all(map(_is_zero, given)):
        return [None] * count
    return [[_chosen(b, _value(state), index) for state in given] for index in range(count)]


def _chosen(b: Builder, state: Value, index: int) -> Value:
    _, batch, hidden = b.shape(state)
    cut = {"axis": 0, "start": index, "end": index + 1, "step": 1}
    part = b.emit("slice", (state,), (1, batch, hidden), cut, suffix=f".initial{index}")
    return b.reshape(part, (batch, hidden), f".initial{index}")


def _is_zero(state: Any) -> bool:
    return isinstance(state, Zeros) or (isinstance(state, torch.Tensor) and not bool(state.any()))


def _value(state: Any) -> Value:
    if not isinstance(state, Value):
        raise Unsupported("its states at the start are constants other than zero", "pass them as inputs")
    return state


def _turned(b: Builder, x: Value, suffix: str) -> Value:
    """Exchange time and batch."""
    first, second, *rest = b.shape(x)
    return b.emit("permute", (x,), (second, first, *rest), {"dims": [1, 0, 2]}, suffix=suffix)


def _joined(b: Builder, values: Sequence[Value], axis: int, suffix: str) -> Value:
    shapes = [b.shape(value) for value in values]
    sizes = [shape[axis] for shape in shapes]
    assert all(isinstance(size, int) for size in sizes)
    total: Dim = sum(size for size in sizes if isinstance(size, int))
    shape: Shape = (*shapes[0][:axis], total, *shapes[0][axis + 1 :])
    return b.emit("concat", tuple(values), shape, {"axis": axis}, suffix=suffix)


def _stacked(b: Builder, states: Sequence[Value], suffix: str) -> Value:
    """Stack [n, hidden] of each layer and direction."""
    raised = [b.reshape(state, (1, *b.shape(state)), suffix) for state in states]
    return raised[0] if len(raised) == 1 else _joined(b, raised, 0, suffix)
