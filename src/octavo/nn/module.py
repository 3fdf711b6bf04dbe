"""What every quantized module is: a small program, made for the qparams that arrive and run by the native engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from octavo.nn.conversions import conversions
from octavo.nn.errors import FloatInputError
from octavo.nn.output import QuantizedOutput
from octavo.nn.qtensor import QTensor
from octavo.ops import TensorProgram, operators
from octavo.ops.concrete import concretely
from octavo.ops.tensor_program import example_shape
from octavo.program import ShapeError, Value
from octavo.program.build import ProgramBuilder


class QuantizedModule(nn.Module):
    """Compute with a program that the subclass writes in `emit`.

    Attributes:
        name: the module's full name in its model; errors and reports use it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.name = ""
        self._programs: dict[Any, TensorProgram] = {}
        self._latest: tuple[Any, Any] = (None, None)
        self._held: dict[str, Tensor | None] = {}

    @property
    def input_value(self) -> Value | None:
        """Dtype, scale and zero_point in which a float input is brought to 8 bits; None where that is an error."""
        border = self._modules.get("border")
        return border.output_value if isinstance(border, QuantizedOutput) else None

    def set_border(self, scale: Any, zero_point: Any, dtype: str) -> None:
        """Let float inputs be brought to 8 bits with these qparams, counted, instead of being an error."""
        border = QuantizedOutput()
        border.set_output(scale, zero_point, dtype)
        self.add_module("border", border)

    def take_border(self, mod: nn.Module) -> None:
        """Take the qparams that the observer of a module's input has found, where it has one."""
        observer: Any = mod._modules.get("border_observer")
        if observer is not None:
            qparams = observer.qparams()
            self.set_border(qparams.scale, qparams.zero_point, qparams.dtype)

    def emit(self, builder: ProgramBuilder, inputs: list[str], values: list[Value]) -> list[str]:
        """Append the module's operators and return the names of its outputs.

        Args:
            builder: the inputs are declared.
            inputs: their names.
            values: dtype and qparams of each.
        """
        raise NotImplementedError

    def fixed_axes(self, index: int, rank: int) -> dict[int, int]:
        """Return the axes of an input whose size the module fixes; all others are free."""
        return {}

    def call(self, inputs: Sequence[Tensor], values: Sequence[Value]) -> list[Tensor]:
        """Run the module's program on plain tensors of the values' dtypes.

        Raises:
            ShapeError: naming the module; an input has a shape that its program does not take.
        """
        if not torch.compiler.is_compiling():
            self._refresh()
        stamps = [_stamp(tensor) for tensor in self._held.values() if tensor is not None]
        key = (tuple(values), tuple([x.dim() for x in inputs]), tuple(stamps), self.settings())
        try:
            # Most calls are like the one before: comparing the same objects is faster than hashing them.
            return (self._latest[1] if self._latest[0] == key else self._program(key, inputs, values))(*inputs)
        except ShapeError as error:
            raise ShapeError(f"module '{self.name}' ({self._get_name()}): {error}") from None

    def _program(self, key: Any, inputs: Sequence[Tensor], values: Sequence[Value]) -> TensorProgram:
        program = self._programs.get(key)
        if program is None:
            program = self._build(inputs, values)
            if len(self._programs) >= 8:
                self._programs.clear()
            self._programs[key] = program
        self._latest = key, program
        return program

    def settings(self) -> Any:
        """Return what the program depends on besides its inputs and the module's buffers; hashable."""
        return None

    def constant(self, name: str) -> Tensor | None:
        """Return a buffer with its data, also while PyTorch traces, when buffers hold none."""
        return self._held[name]

    def _refresh(self) -> None:
        """Hold the buffers as they are now."""
        if [*map(id, self._held.values())] != [*map(id, self._buffers.values())]:
            with torch.inference_mode(False):
                for name, tensor in self._buffers.items():
                    if tensor is not None and tensor.is_inference():
                        # A tensor made in inference mode does not tell when it is written to.
                        self._buffers[name] = tensor.clone()
            self._held = dict(self._buffers)

    def _build(self, inputs: Sequence[Tensor], values: Sequence[Value]) -> TensorProgram:
        builder = ProgramBuilder()
        names = []
        for index, (x, value) in enumerate(zip(inputs, values, strict=True)):
            fixed = self.fixed_axes(index, x.dim())
            names.append(builder.free_input(f"x{index}", value, example_shape(x), fixed))
        with concretely():
            outputs = self.emit(builder, names, list(values))
            structure = {"tuple": list(range(len(outputs)))}
            return TensorProgram(builder.finish(outputs, structure))

    def enter(self, x: Any) -> QTensor:
        """Return an input in 8 bits.

        Raises:
            FloatInputError: it is a float tensor and the module has no qparams to bring it to 8 bits with.
        """
        if isinstance(x, QTensor):
            return x
        if self.input_value is None:
            raise FloatInputError(self.name, self._get_name(), x)
        conversions.count(self.name or self._get_name(), "quantize")
        return to_qtensor(x, self.input_value)

    def _apply(self, fn: Any, recurse: bool = True) -> Any:
        result = super()._apply(fn, recurse)
        self._refresh()
        return result

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_programs": {}, "_latest": (None, None), "_held": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._refresh()


def _stamp(tensor: Tensor) -> tuple[int, int]:
    """Return what changes when a tensor's numbers do."""
    return tensor.data_ptr(), tensor._version


def to_qtensor(x: Tensor, value: Value) -> QTensor:
    """Quantize a float tensor to a value's dtype, scale and zero_point."""
    return QTensor.of(operators.quantize(x.float(), value), value)
