"""Compare an int8 program with its float module layer by layer: which layer loses what, and why."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import numpy as np
from torch import nn

from octavo.graph import CalibrationError
from octavo.graph.execute import execute
from octavo.graph.ir import Node
from octavo.graph.prepare import prepare
from octavo.graph.signature import Sample
from octavo.program import Input, Operator, Program, Value, load
from octavo.program.types import QUANT_RANGE
from octavo.recipe.comparison import Comparison, LayerComparison
from octavo.recipe.measure import Origin, real, with_every_value
from octavo.recipe.recipe import Recipe, mapping_of
from octavo.runtime import LoadedProgram

# What computes nothing has no error of its own.
_MOVING = frozenset({"quantize", "dequantize", "reshape", "permute", "slice", "constant", "range"})
_CONVERTED = (".quantized", ".dequantized")


def compare(loaded: LoadedProgram, origin: Origin, data: Iterable[Sample], limit: int | None = None) -> Comparison:
    """Compute the error of every layer on its own and in the network, its range, and how much of it saturates.

    Args:
        loaded: the program.
        origin: the float side.
        data: inputs of the model, as for calibration.
        limit: how many samples to take at most.

    Raises:
        CalibrationError: there is no sample, or one does not fit the model.
    """
    samples = list(islice(data, limit))
    if not samples:
        raise CalibrationError("compare: the data holds no sample; pass at least one")
    prepared = prepare(origin.captured(samples), origin.qconfig_mapping, origin.layerwise)
    found = _Found(loaded, {node.output for node in prepared.graph.nodes})
    graph = prepared.graph.computed()
    for index, sample in enumerate(samples):
        inputs = prepared.signature.bind(sample, f"sample {index}")
        found.run({name: tensor.numpy() for name, tensor in inputs.items()})
        execute(graph, inputs, lambda name, tensor: found.watch(name, tensor.numpy()))
    rows = [found.row(node) for node in prepared.graph.nodes]
    output = loaded.program.outputs[0].removesuffix(".dequantized")
    return Comparison(
        tuple(row for row in rows if row.sqnr_db is not None), found.accumulated.get(output), len(samples)
    )


def compare_file(path: Path, model: nn.Module, example_inputs: Sample, data: Iterable[Sample]) -> Comparison:
    """Compare a `.octavo` file with the float module that it was made of.

    Raises:
        FormatError: the file is no program.
        ValueError: it was not made of this module.
        CalibrationError: there is no sample, or one does not fit the model.
    """
    loaded = LoadedProgram(load(path))
    static = any(operator.type == "quantize" for operator in loaded.program.operators)
    mapping = mapping_of(Recipe(scheme="static" if static else "dynamic", recurrent="dynamic"))
    found = compare(loaded, Origin(model, example_inputs, None, mapping), data)
    if not found.layers:
        raise ValueError(f"{path}: has no layer of this {type(model).__name__}; expected a file that was made of it")
    return found


class _Error:
    """Signal and noise summed over samples, in float64."""

    def __init__(self) -> None:
        self.signal = self.noise = 0.0

    def add(self, expected: np.ndarray, got: np.ndarray) -> None:
        reference = expected.astype(np.float64)
        self.signal += float(np.square(reference).sum())
        self.noise += float(np.square(reference - got).sum())

    @property
    def decibels(self) -> float:
        if self.noise == 0:
            return math.inf
        return 10 * math.log10(self.signal / self.noise) if self.signal else -math.inf


class _Found:
    """What is known of each value so far; shown one sample after the other."""

    def __init__(self, loaded: LoadedProgram, wanted: set[str]) -> None:
        self._loaded, self._wanted = loaded, wanted
        program = loaded.program
        self._everything = with_every_value(loaded)
        self._makers = {op.outputs[0]: op for op in program.operators if op.type not in _MOVING}
        self._errors: dict[str, _Error] = {}
        self._alone: dict[str, _Error] = {}
        self._ranges: dict[str, tuple[float, float]] = {}
        self._saturated: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()
        self._integers: dict[str, np.ndarray] = {}
        self._floats: dict[str, np.ndarray] = {}

    @property
    def accumulated(self) -> dict[str, float]:
        """The error of each value in the network, in dB."""
        return {name: error.decibels for name, error in self._errors.items()}

    def run(self, inputs: dict[str, np.ndarray]) -> None:
        """Compute every value of the program for the next sample."""
        self._integers = dict(zip(self._everything.program.outputs, self._everything(**inputs), strict=True))
        self._floats = {}

    def watch(self, name: str, array: np.ndarray) -> None:
        """Take a value of the float graph; each comes after those that it is made of."""
        self._floats[name] = array
        if name not in self._wanted or array.dtype != np.float32 or not np.isfinite(array).all():
            return
        program = self._loaded.program
        if name in self._integers and array.size:
            got = real(program, name, self._integers.pop(name))
            self._errors.setdefault(name, _Error()).add(array, got)
            low, high = self._ranges.get(name, (math.inf, -math.inf))
            self._ranges[name] = (min(low, float(array.min())), max(high, float(array.max())))
            self._counts[name] += array.size
            self._saturated[name] += _saturated(array, program.values[name])
        maker = self._makers.get(name)
        if maker is not None and maker.inputs and all(_source(value) in self._floats for value in maker.inputs):
            made = _alone(self._loaded, maker, {value: self._floats[_source(value)] for value in maker.inputs})
            self._alone.setdefault(name, _Error()).add(array, made)

    def row(self, node: Node) -> LayerComparison:
        """Return what was found of a layer."""
        name = node.output
        error, alone = self._errors.get(name), self._alone.get(name)
        quantized = name in self._errors and self._loaded.program.values[name].is_quantized
        return LayerComparison(
            node.name, node.type, self._in_8_bits(name),
            sqnr_alone_db=alone.decibels if alone else None,
            sqnr_db=error.decibels if error else None,
            range=self._ranges.get(name),
            saturated=self._saturated[name] / self._counts[name] if quantized else None,
        )  # fmt: skip

    def _in_8_bits(self, name: str) -> bool:
        """Tell whether the operator that makes a value reads 8 bits, or multiplies weights of 8 bits."""
        program, maker = self._loaded.program, self._makers.get(name)
        if maker is None:
            return name in program.values and program.values[name].is_quantized
        constants = (program.constants[constant].dtype for constant in maker.constants.values())
        return any(program.values[value].is_quantized for value in maker.inputs) or any(d == np.int8 for d in constants)


def _source(value: str) -> str:
    """Return the value of the float graph that a value of the program stands for."""
    for suffix in _CONVERTED:
        value = value.removesuffix(suffix)
    return value


def _saturated(array: np.ndarray, value: Value) -> int:
    """Count what lies beyond the least and the greatest integer by half a step or more."""
    if value.scale is None or value.zero_point is None:
        return 0
    low, high = (value.scale * (end - value.zero_point) for end in QUANT_RANGE[value.dtype])
    half = value.scale / 2
    return int(np.count_nonzero((array < low - half) | (array > high + half)))


def _alone(loaded: LoadedProgram, operator: Operator, inputs: dict[str, np.ndarray]) -> np.ndarray:
    """Run one operator on the float network's values, rounded to what it reads; return real numbers."""
    whole = loaded.program
    values = {name: whole.values[name] for name in (*operator.inputs, *operator.outputs)}
    given, operators, arrays = [], [], []
    for name, array in inputs.items():
        real_name = f"{name}.real" if values[name].is_quantized else name
        given.append(Input(real_name, str(array.dtype), array.shape))
        arrays.append(np.ascontiguousarray(array))
        if real_name != name:
            values[real_name] = Value("float32")
            operators.append(Operator("quantize", f"{name}.quantize", (real_name,), (name,)))
    constants = {name: whole.constants[name] for name in operator.constants.values()}
    program = Program(
        tuple(given), operator.outputs[:1], values, (*operators, operator), constants, {}, 0, whole.producer
    )
    made = LoadedProgram(program, loaded.threads, loaded.isa)(*arrays)
    return real(program, operator.outputs[0], made)
