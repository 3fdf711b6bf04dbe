"""LSTM and GRU with int8 weights, whose inputs and states are quantized row by row as they arrive."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from octavo.nn.module import QuantizedModule
from octavo.nn.quantized.dynamic.packed import run_packed
from octavo.nn.quantized.dynamic.recurrent_weights import RecurrentWeights
from octavo.nn.quantized.dynamic.step import RecurrentStep
from octavo.ops.operators import FLOAT
from octavo.program import ShapeError, Value
from octavo.program.build import ProgramBuilder


class RNNBase(QuantizedModule):
    """Walk a sequence, layer by layer, in one direction or both; arguments as those of the float module.

    The whole stack is one program: the engine multiplies the inputs of all time steps at once, then walks the states.

    Shape: x [t, n, input_size], or [n, t, input_size] with batch_first, or a PackedSequence; states
        [num_layers · directions, n, hidden_size]; without the batch axis x is [t, input_size].

    Reference: Hochreiter and Schmidhuber, Long Short-Term Memory, 1997; Cho et al. 2014, arXiv:1406.1078.
    """

    operator: ClassVar[str]
    gates: ClassVar[int]
    states: ClassVar[int]

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
                f"{cls.__name__}: got proj_size={mod.proj_size}; a projected LSTM has no int8 form. Remedy: set its "
                "qconfig to None to keep it in float"
            )
        module = cls(
            mod.input_size, mod.hidden_size, mod.num_layers, mod.bias, mod.batch_first, mod.dropout, mod.bidirectional
        )
        for suffix, _ in module._parts():
            weights = RecurrentWeights.of(mod, f"_{suffix}", cls.operator == "gru")
            for name, tensor in weights.buffers():
                setattr(module, f"{name}_{suffix}", tensor)
        module._refresh()
        return module.train(mod.training)

    @property
    def directions(self) -> int:
        """How many ways each layer walks."""
        return 2 if self.bidirectional else 1

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """Walk a sequence from given states, zeros where there are none.

        Returns: the outputs as x came, and the last states as `hx` would be given.

        Raises:
            ShapeError: the input or a state has another shape.
        """
        if isinstance(input, PackedSequence):
            output, ends = run_packed(self, input, self._states(hx))
            return output, self._answer(ends)
        if input.dim() == 2:
            states = None if hx is None else tuple(s.unsqueeze(1) for s in self._states(hx) or ())
            time_first = input.unsqueeze(1)
            y, last = self.walk(time_first, states)
            return y.squeeze(1), self._answer(tuple(s.squeeze(1) for s in last))
        if input.dim() != 3:
            raise ShapeError(f"module '{self.name}' ({self._get_name()}): the input has {input.dim()} axes, expected 3")
        x = input.transpose(0, 1) if self.batch_first else input
        y, last = self.walk(x, self._states(hx))
        return (y.transpose(0, 1) if self.batch_first else y), self._answer(last)

    def walk(self, x: Tensor, states: tuple[Tensor, ...] | None) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Run the program: x [t, n, input_size], states [num_layers · directions, n, hidden_size] each, or None."""
        inputs = (x.float(), *(s.float() for s in states or ()))
        y, *last = self.call(inputs, (FLOAT,) * len(inputs))
        return y, tuple(last)

    def part(self, suffix: str, reverse: bool) -> RecurrentStep:
        """Return one layer in one direction as a module of its own, on the same weights."""
        if suffix not in self._steps:
            self._steps[suffix] = RecurrentStep(self.operator, self.states, reverse)
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
                start = [_state(builder, state, index, self.hidden_size) for state in given]
                names = [f"y_{suffix}", *(f"state{s}_{suffix}" for s in range(self.states))]
                constants = RecurrentWeights.constants(lambda role, s=suffix: self.constant(f"{role}_{s}"))
                attributes = {"reverse": bool(direction)}
                builder.emit(self.operator, [x, *start], names, [FLOAT] * len(names), attributes, constants)
                outputs.append(names[0])
                for kept, name in zip(last, names[1:], strict=True):
                    kept.append(name)
            x = outputs[0]
            if len(outputs) > 1:
                x = builder.emit("concat", outputs, f"y_l{layer}_both", FLOAT, {"axis": 2})
        return [x, *(_stacked(builder, names, f"last{s}", self.hidden_size) for s, names in enumerate(last))]

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

    def _states(self, hx: Any) -> tuple[Tensor, ...] | None:
        if hx is None:
            return None
        return tuple(hx) if self.states > 1 else (hx,)

    def _answer(self, last: tuple[Tensor, ...]) -> Any:
        return last if self.states > 1 else last[0]


class LSTM(RNNBase):
    """Long short-term memory; states (h, c)."""

    operator, gates, states = "lstm", 4, 2

    def _get_name(self) -> str:
        return "DynamicQuantizedLSTM"


class GRU(RNNBase):
    """Gated recurrent units; the state is h."""

    operator, gates, states = "gru", 3, 1

    def _get_name(self) -> str:
        return "DynamicQuantizedGRU"


def _state(builder: ProgramBuilder, stacked: str, index: int, hidden: int) -> str:
    """Take one layer's state, [n, hidden], out of [layers, n, hidden]."""
    attributes = {"axis": 0, "start": index, "end": index + 1, "step": 1}
    one = builder.emit("slice", [stacked], f"{stacked}_{index}", FLOAT, attributes)
    return builder.emit("reshape", [one], f"{stacked}_{index}_flat", FLOAT, {"shape": (-1, hidden)})


def _stacked(builder: ProgramBuilder, names: list[str], output: str, hidden: int) -> str:
    """Stack the states of all layers, [n, hidden] each, to [layers, n, hidden]."""
    parts = [
        builder.emit("reshape", [name], f"{output}_{i}", FLOAT, {"shape": (1, -1, hidden)})
        for i, name in enumerate(names)
    ]
    return parts[0] if len(parts) == 1 else builder.emit("concat", parts, output, FLOAT, {"axis": 0})
