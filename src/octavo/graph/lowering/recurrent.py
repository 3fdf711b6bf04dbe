"""LSTM, GRU and RNN: a node for each layer and direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from octavo.graph.ir import Dim, Node, Shape
from octavo.graph.lowering.builder import Builder
from octavo.graph.lowering.patterns import Split
from octavo.graph.lowering.registry import Packed, Unsupported, Value, lowers, operator_key

_STATES = {"lstm": 2, "gru": 1, "rnn": 1}
_ROLES = {
    2: ("weight_ih", "weight_hh"),
    3: ("weight_ih", "weight_hh", "weight_hr"),
    4: ("weight_ih", "weight_hh", "bias_ih", "bias_hh"),
    5: ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"),
}
"""What the weights of a layer are, by their number."""


@dataclass(frozen=True)
class _Layer:
    """What one layer in one direction is made of: its operator and attributes, and its name's ending."""

    operator: str
    attributes: dict[str, Any]
    suffix: str


@dataclass(frozen=True)
class _Given:
    """What one layer in one direction reads beside its input.

    Args:
        weights: in PyTorch's order: weight_ih, weight_hh, [bias_ih, bias_hh], [weight_hr].
        states: at the start; None for zeros.
        lengths: of the sequences; None where all have the input's.
    """

    weights: tuple[Any, ...]
    states: Sequence[Value] | None
    lengths: Value | None = None


@lowers("lstm", "gru", "rnn_tanh", "rnn_relu", any_dtype=True, patterns=True)
def recurrent(
    b: Builder,
    x: Value | Packed,
    states: Any,
    weights: Any,
    has_biases: bool,
    layers: int,
    dropout: float,
    train: bool,
    bidirectional: bool,
    batch_first: bool,
    lengths: Any = None,
) -> list[Any]:
    """Lower a stack of recurrent layers; the states at the start are zeros, or [layers · directions, n, hidden]."""
    operator, attributes = _kind(b)
    lengths, x = (x.lengths, x.sequences) if isinstance(x, Packed) else (None, x)
    if isinstance(has_biases, (list, tuple)) or len(b.shape(x)) != 3:
        raise Unsupported("it takes packed sequences or has no batch dimension", "pad sequences to one batch")
    _check_float(b, x, states)
    directions = 2 if bidirectional else 1
    per_layer, rest = divmod(len(weights), layers * directions)
    if rest or per_layer not in (2, 3, 4, 5):
        raise Unsupported(f"it has {len(weights)} weights in {layers} layers", "use torch.nn's recurrent layers")
    given = _states(b, states, layers * directions)
    y = turned(b, x, ".permute") if batch_first else x
    last: list[list[Value]] = []
    for layer in range(layers):
        ways = []
        for way in range(directions):
            index = layer * directions + way
            part = _Given(tuple(weights[index * per_layer : (index + 1) * per_layer]), given[index], lengths)
            suffix = f".l{layer}{'_reverse' if way else ''}" if layers * directions > 1 else ""
            made = _layer(b, _Layer(operator, {**attributes, "reverse": bool(way)}, suffix), y, part)
            ways.append(made[0])
            last.append(made[1:])
        y = ways[0] if directions == 1 else _joined(b, ways, 2, f".l{layer}")
    y = turned(b, y, ".output") if batch_first else y
    ends = [_stacked(b, parts, f".state{i}") for i, parts in enumerate(zip(*last, strict=True))]
    return [y if lengths is None else Packed(y, lengths), *ends]


@lowers("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell", patterns=True)
def cell(b: Builder, x: Value, states: Any, *weights: Any) -> Any:
    """Lower a cell: a layer of one time step."""
    operator, attributes = _kind(b)
    shape = b.shape(x)
    given = list(states) if isinstance(states, (list, tuple)) else [states]
    ready = None if all(map(_is_zero, given)) else [_value(state) for state in given]
    raised = b.reshape(x, (1, *shape), ".step")
    tensors = tuple(w for w in weights if w is not None)
    made = _layer(b, _Layer(operator, {**attributes, "reverse": False}, ""), raised, _Given(tensors, ready))
    return made[1:] if operator == "lstm" else made[1]


def _kind(b: Builder) -> tuple[str, dict[str, Any]]:
    key = operator_key(b.current.target).removesuffix("_cell")
    operator, _, nonlinearity = key.partition("_")
    return operator, {"nonlinearity": nonlinearity} if nonlinearity else {}


def _layer(b: Builder, layer: _Layer, x: Value, given: _Given) -> list[Value]:
    """Append a layer and return y and its states at the end."""
    weights = given.weights
    if not all(isinstance(w, torch.Tensor) for w in weights):
        raise Unsupported("its weight depends on the input", "make it a parameter of the module")
    roles = _ROLES[len(weights)]
    constants = {role: w.detach() for role, w in zip(roles, weights, strict=True)}
    out = weights[1].shape[1]
    hidden = constants["weight_hr"].shape[1] if "weight_hr" in constants else out
    time, batch, _ = b.shape(x)
    path, module = b.place()
    name = b.claim(b.layer_name(path, layer.operator) + layer.suffix)
    widths = (out, hidden)[: _STATES[layer.operator]]
    more = [(b.claim(f"{name}.state{i}"), (batch, width)) for i, width in enumerate(widths)]
    attributes = layer.attributes if given.lengths is None else {**layer.attributes, "lengths": True}
    read = (x, *(given.states or ()), *(() if given.lengths is None else (given.lengths,)))
    names, shape = tuple(value.name for value in read), (time, batch, out)
    b.append(Node(layer.operator, name, names, name, shape, attributes, constants, (), module, path, tuple(more)))
    return [Value(name), *(Value(state) for state, _ in more)]


def _check_float(b: Builder, x: Value, states: Any) -> None:
    """Refuse integers, which a layer would compute with."""
    given = [x, *(states if isinstance(states, (list, tuple)) else [states])]
    if any(isinstance(value, Value) and value.name in b.fixed for value in given):
        raise Unsupported("it computes with integers", "give it float32; dequantize what is in 8 bits (a DeQuantStub)")


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
    if isinstance(state, Split):
        return state.uniform == 0
    return isinstance(state, torch.Tensor) and not bool(state.any())


def _value(state: Any) -> Value:
    if not isinstance(state, Value):
        raise Unsupported("its states at the start are constants other than zero", "pass them as inputs")
    return state


def turned(b: Builder, x: Value, suffix: str) -> Value:
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
