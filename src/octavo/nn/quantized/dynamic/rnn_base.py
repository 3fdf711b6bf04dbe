"""What LSTM, GRU and RNN with int8 weights share; inputs and states are quantized row by row as they arrive."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from octavo.nn.quantized.dynamic.base import DynamicModule
from octavo.nn.quantized.dynamic.packed import run_packed
from octavo.nn.quantized.dynamic.recurrent_weights import RecurrentWeights
from octavo.nn.quantized.dynamic.stacked_states import stack_states, take_state
from octavo.nn.quantized.dynamic.step import RecurrentStep, recurrent_attributes
from octavo.numerics import dtype_name
from octavo.ops.operators import FLOAT
from octavo.program import ShapeError, Value
from octavo.program.build import ProgramBuilder


class RNNBase(DynamicModule):
    """Walk a sequence, layer by layer, in one direction or both; arguments as those of the float module.

    The whole stack is one program: the engine multiplies the inputs of all time steps at once, then walks the states.

    Shape: x [t, n, input_size], or [n, t, input_size] with batch_first, or a PackedSequence; states
        [num_layers · directions, n, hidden_size]; without the batch axis x is [t, input_size].

    Reference: Hochreiter and Schmidhuber, Long Short-Term Memory, 1997; Cho et al. 2014, arXiv:1406.1078.
    """

    operator: ClassVar[str]
    gates: ClassVar[int]
    states: ClassVar[int]
    nonlinearity: str | None = None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        dtype: Any = torch.int8,
    ) -> None:
        super().__init__()
        if dtype_name(dtype) != "int8":
            raise ValueError(f"{self._get_name()}: got dtype {dtype}, expected torch.qint8")
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, float(dropout)
        self.bidirectional = bidirectional
        self._steps: dict[str, RecurrentStep] = {}
        for suffix, size in self._parts():
            weights = RecurrentWeights(self.gates, size, hidden_size, self.operator == "gru")
            for name, tensor in weights.buffers():
                self.register_buffer(f"{name}_{suffix}", tensor)
        self._refresh()

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> Any:
        """Make one of a float module that has a qconfig.

        Raises:
            ValueError: it has a projection (`proj_size`), which has no int8 form.
        """
        if getattr(mod, "proj_size", 0):
            raise ValueError(
                f"module '{getattr(mod, 'name', '')}' ({cls.__name__}): got proj_size={mod.proj_size}; a projected "
                "LSTM has no int8 form. Remedy: set its qconfig to None to keep it in float"
            )
        module = cls(
            mod.input_size, mod.hidden_size, mod.num_layers, bias=mod.bias, batch_first=mod.batch_first,
            dropout=mod.dropout, bidirectional=mod.bidirectional, **cls._extra(mod),
        )  # fmt: skip
        for suffix, _ in module._parts():
            weights = RecurrentWeights.of(mod, f"_{suffix}", cls.operator == "gru")
            for name, tensor in weights.buffers():
                setattr(module, f"{name}_{suffix}", tensor)
        module._refresh()
        return module.train(mod.training)

    @classmethod
    def _extra(cls, mod: Any) -> dict[str, Any]:
        """Return the arguments that only some classes have."""
        return {}

    @property
    def directions(self) -> int:
        """How many ways each layer walks."""
        return 2 if self.bidirectional else 1

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """Walk a sequence from given states, zeros where there are none.

        Returns: the outputs as x came, and the last states as `hx` would be given.

        Raises:
            TypeError: the input is not a float tensor, or the states are not as many as the module has.
            ShapeError: the input or a state has another shape, or is empty.
        """
        packed = isinstance(input, PackedSequence)
        x = input.data if packed else input
        alone = not packed and x.dim() == 2
        if x.dim() != (2 if packed or alone else 3) or x.shape[-1] != self.input_size:
            axes = "n, t" if self.batch_first else "t, n"
            expected = f"[{axes}, {self.input_size}], or [t, {self.input_size}] of one sample"
            raise ShapeError(f"{self.where}: the input has shape {list(x.shape)}, expected {expected}")
        states = self._states(hx, alone, self._batch(input, packed, alone))
        if packed:
            output, ends = run_packed(self, input, states)
            return output, self._answer(ends)
        axis = 1 if alone or not self.batch_first else 0
        time_first = x.unsqueeze(1) if alone else x.transpose(0, 1) if axis == 0 else x
        y, last = self.walk(time_first, states)
        if alone:
            return y.squeeze(1), self._answer(tuple(s.squeeze(1) for s in last))
        return (y.transpose(0, 1) if axis == 0 else y), self._answer(last)

    def walk(self, x: Any, states: tuple[Any, ...] | None) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Run the program: x [t, n, input_size], states [num_layers · directions, n, hidden_size] each, or None."""
        y, *last = self.run_on_floats(x, *(states or ()))
        return y, tuple(last)

    def part(self, suffix: str, reverse: bool) -> RecurrentStep:
        """Return one layer in one direction as a module of its own, on the same weights."""
        if suffix not in self._steps:
            self._steps[suffix] = RecurrentStep(self.operator, self.states, reverse, self.nonlinearity)
        step = self._steps[suffix]
        step.name = self.name
        step.share({n.removesuffix(f"_{suffix}"): t for n, t in self._buffers.items() if n.endswith(f"_{suffix}")})
        return step

    def fixed_axes(self, index: int, rank: int) -> dict[int, int]:
        """Fix the sizes of features and states."""
        if index == 0:
            return {2: self.input_size}
        return {0: self.num_layers * self.directions, 2: self.hidden_size}

    def emit(self, builder: ProgramBuilder, inputs: list[str], values: list[Value]) -> list[str]:
        """Append an operator for each layer and direction."""
        x, *given = inputs
        last: list[list[str]] = [[] for _ in range(self.states)]
        for layer in range(self.num_layers):
            outputs = []
            for direction in range(self.directions):
                suffix = f"l{layer}" + ("_reverse" if direction else "")
                index = layer * self.directions + direction
                start = [take_state(builder, state, index, self.hidden_size) for state in given]
                names = [f"y_{suffix}", *(f"state{s}_{suffix}" for s in range(self.states))]
                constants = RecurrentWeights.constants(lambda role, s=suffix: self.constant(f"{role}_{s}"))
                attributes = recurrent_attributes(bool(direction), self.nonlinearity)
                builder.emit(self.operator, [x, *start], names, [FLOAT] * len(names), attributes, constants)
                outputs.append(names[0])
                for kept, name in zip(last, names[1:], strict=True):
                    kept.append(name)
            x = outputs[0]
            if len(outputs) > 1:
                x = builder.emit("concat", outputs, f"y_l{layer}_both", FLOAT, {"axis": 2})
        return [x, *(stack_states(builder, names, f"last{s}", self.hidden_size) for s, names in enumerate(last))]

    def _get_name(self) -> str:
        return f"DynamicQuantized{type(self).__name__}"

    def extra_repr(self) -> str:
        """Show the arguments that differ from the default."""
        text = f"{self.input_size}, {self.hidden_size}"
        for name, default in (
            ("num_layers", 1), ("bias", True), ("batch_first", False), ("dropout", 0.0), ("bidirectional", False),
        ):  # fmt: skip
            if getattr(self, name) != default:
                text += f", {name}={getattr(self, name)}"
        return text

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_steps": {}}

    def _parts(self) -> Iterator[tuple[str, int]]:
        """Yield the suffix and the input size of each layer and direction."""
        for layer in range(self.num_layers):
            size = self.input_size if layer == 0 else self.hidden_size * self.directions
            for direction in range(self.directions):
                yield f"l{layer}" + ("_reverse" if direction else ""), size

    def _states(self, hx: Any, alone: bool, batch: int) -> tuple[Any, ...] | None:
        """Return the states at the start as [num_layers · directions, n, hidden_size] each."""
        if hx is None:
            return None
        states = (hx,) if self.states == 1 else hx
        if not isinstance(states, (tuple, list)) or len(states) != self.states:
            raise TypeError(f"{self.where}: got states of type {type(hx).__name__}, expected {self.states} tensors")
        layers = self.num_layers * self.directions
        shape = (layers, self.hidden_size) if alone else (layers, batch, self.hidden_size)
        for index, state in enumerate(states):
            self.check_shape(f"state {index} at the start", state, shape)
        return tuple(s.unsqueeze(1) for s in states) if alone else tuple(states)

    def _batch(self, input: Any, packed: bool, alone: bool) -> Any:
        if packed:
            return int(input.batch_sizes[0])
        return 1 if alone else input.shape[0 if self.batch_first else 1]

    def _answer(self, last: tuple[Tensor, ...]) -> Any:
        return last if self.states > 1 else last[0]
