"""The int8 network as a module: PyTorch tensors in and out, the native engine within."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils import _pytree as pytree

from octavo.graph import Conversion, Layer
from octavo.graph.signature import Sample
from octavo.ops import TensorProgram
from octavo.program import Program
from octavo.program import save as save_program
from octavo.program.structure import rebuild
from octavo.recipe.compare import compare
from octavo.recipe.comparison import Comparison
from octavo.recipe.measure import Origin, measure
from octavo.recipe.summary import Report
from octavo.runtime import LoadedProgram


class QuantizedModel(nn.Module):
    """Runs an int8 program; called and answering as the float module that it was made from.

    It computes on the CPU and has no gradient. Its state_dict holds the program's constants, and takes those of another
    program of the same shape. Where torch.export or torch.compile trace, all of it becomes one node, `octavo::run`.

    Args:
        program: what it runs.
        threads: how many threads one call uses; default: the processors available to this process.
        layers: where each layer of the float module runs, and why.
        origin: the float module and an example of its inputs; `report` compares with them.
        notes: what methods that were asked for have done, for the report.

    Attributes:
        origin, notes: as given.
    """

    def __init__(
        self,
        program: Program,
        threads: int | None = None,
        layers: tuple[Layer, ...] = (),
        origin: Origin | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self.layers, self.notes = layers, notes
        self._loaded = LoadedProgram(program, threads=threads)
        self.origin = origin
        self.eval()

    @classmethod
    def of(cls, conversion: Conversion, origin: Origin) -> QuantizedModel:
        """Make a module of a converted graph."""
        origin = replace(origin, reparametrized=conversion.reparametrized)
        return cls(conversion.program, layers=tuple(conversion.layers), origin=origin, notes=conversion.notes)

    @property
    def program(self) -> Program:
        """The integer program."""
        return self._loaded.program

    @property
    def loaded(self) -> LoadedProgram:
        """The program on the native engine."""
        return self._loaded

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run on tensors and return what the float module returned, without copying either.

        Raises:
            TypeError: an input is missing, no tensor, not on the CPU, or has another dtype than the program's.
            ShapeError: an input has a shape that the program does not take.
        """
        inputs = [value for value in pytree.tree_leaves(args) if value is not None]
        named = {name: value for name, value in kwargs.items() if value is not None}
        if torch.compiler.is_compiling():
            traced = TensorProgram(self.program)(*self._loaded.in_order(tuple(inputs), named))
            return rebuild(self.program.output_structure, traced)
        arrays = {name: _array(name, value) for name, value in named.items()}
        outputs = self._loaded(*(_array(str(i), value) for i, value in enumerate(inputs)), **arrays)
        return _tensors(outputs)

    def report(self, seconds: float = 2.0) -> Report:
        """Measure coverage, size, error of each layer and speed against the float module.

        Args:
            seconds: about how long the timing takes.

        Raises:
            ValueError: the module was made from a program alone, so there is no float module to compare with.
        """
        return measure(self._loaded, self.layers, self._float_side("report"), seconds, self.notes)

    def compare(self, data: Iterable[Sample], limit: int | None = None) -> Comparison:
        """Compare with the float module layer by layer: each on its own and in the network, ranges, saturation.

        Args:
            data: inputs of the model, as for calibration; best others than those.
            limit: how many samples to take at most.

        Raises:
            ValueError: the module was made from a program alone.
            CalibrationError: there is no sample, or one does not fit the model.
        """
        return compare(self._loaded, self._float_side("compare"), data, limit)

    def _float_side(self, method: str) -> Origin:
        if self.origin is None:
            raise ValueError(
                f"{method}: this QuantizedModel was made from a program alone; {method}() needs the float module, "
                "which octavo.quantize remembers"
            )
        return self.origin

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the program to a `.octavo` file, whole or not at all.

        Raises:
            OSError: the file cannot be written; what was there before is untouched.
        """
        save_program(self.program, path)

    def extra_repr(self) -> str:
        """Describe the program in a line."""
        inputs = ", ".join(f"{i.name}: {list(i.shape)}" for i in self.program.inputs)
        return f"{inputs}, operators={len(self.program.operators)}, isa={self._loaded.isa}"

    def __deepcopy__(self, memo: dict[int, Any]) -> QuantizedModel:
        copy = QuantizedModel(self.program, self._loaded.threads, self.layers, self.origin, self.notes)
        memo[id(self)] = copy
        return copy

    def __reduce__(self) -> tuple[Any, ...]:
        return QuantizedModel, (self.program, self._loaded.threads, self.layers, None, self.notes)

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        for name, array in self.program.constants.items():
            destination[prefix + name] = torch.from_numpy(np.array(array))

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, strict: bool,
        missing_keys: list[str], unexpected_keys: list[str], error_msgs: list[str],
    ) -> None:  # fmt: skip
        constants = dict(self.program.constants)
        for name, array in constants.items():
            if prefix + name not in state_dict:
                missing_keys.append(prefix + name)
                continue
            given = state_dict[prefix + name].numpy()
            if given.dtype != array.dtype or given.shape != array.shape:
                error_msgs.append(
                    f"{name}: got {given.dtype} {list(given.shape)}, expected {array.dtype} {list(array.shape)}"
                )
                continue
            constants[name] = given.copy()
        if strict:
            known = {prefix + name for name in constants}
            unexpected_keys += [key for key in state_dict if key.startswith(prefix) and key not in known]
        if not error_msgs:
            self._loaded = LoadedProgram(replace(self.program, constants=constants), self._loaded.threads)


def _array(name: str, value: Any) -> np.ndarray:
    if not isinstance(value, torch.Tensor):
        raise TypeError(f"input {name}: got a {type(value).__name__}, expected a torch.Tensor")
    if value.device.type != "cpu":
        raise TypeError(f"input {name}: got a tensor on {value.device}, expected one on the CPU (call .cpu() on it)")
    return value.detach().numpy()


def _tensors(outputs: Any) -> Any:
    """Make tensors of the arrays that a program returned."""
    if isinstance(outputs, np.ndarray):
        return torch.from_numpy(outputs)
    if isinstance(outputs, dict):
        return {key: _tensors(item) for key, item in outputs.items()}
    if isinstance(outputs, (tuple, list)):
        return type(outputs)(_tensors(item) for item in outputs)
    return outputs
