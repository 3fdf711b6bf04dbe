"""Measure an int8 program against the float module that it was made from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils import _pytree as pytree

from octavo.graph import Layer
from octavo.graph.capture import Captured, capture, evaluating
from octavo.graph.execute import execute
from octavo.graph.prepare import prepare
from octavo.graph.signature import Sample, arguments
from octavo.numerics import sqnr
from octavo.program import Program, file_size
from octavo.recipe.summary import LayerSummary, Report
from octavo.runtime import LoadedProgram
from octavo.runtime.timing import interleave

_NO_ARITHMETIC = frozenset({"reshape", "permute", "slice", "constant", "range"})
"""What is not worth a line where it runs in float: it computes nothing."""


@dataclass(frozen=True)
class Origin:
    """What an int8 program was made from.

    Args:
        model: the float module; not copied, so it must stay as it was.
        example_inputs: a tensor, a tuple of positional or a dict of keyword arguments.
        dynamic_shapes: as in `torch.export`; None where they were found from the samples.
        qconfig_mapping: the QConfig of each layer.
        layerwise: whether each layer's output is rounded, see `octavo.graph.prepare`.
        reparametrized: the float graph whose values the program has; None where they are the module's own.
    """

    model: nn.Module
    example_inputs: Sample
    dynamic_shapes: Any = None
    qconfig_mapping: Any = None
    layerwise: bool = False
    reparametrized: Captured | None = None

    def captured(self, samples: Sequence[Sample] = ()) -> Captured:
        """Return the float graph.

        Args:
            samples: inputs that it will be given; sizes in which they differ become symbolic.
        """
        if self.reparametrized is not None:
            return self.reparametrized
        return capture(self.model, self.example_inputs, self.dynamic_shapes, samples)


def measure(
    loaded: LoadedProgram, layers: Sequence[Layer], origin: Origin, seconds: float, notes: Sequence[str] = ()
) -> Report:
    """Compare size, error and speed.

    Args:
        loaded: the program, with the threads that both sides are timed on.
        layers: where each layer runs.
        origin: the float side.
        seconds: about how long the timing takes.
        notes: what methods that were asked for have done.
    """
    errors = sqnr_of_values(loaded, origin)
    float_ms, int8_ms = _speed(loaded, origin, seconds)
    model = origin.model
    float_bytes = sum(t.numel() * t.element_size() for t in (*model.parameters(), *model.buffers()))
    return Report(
        layers=tuple(
            LayerSummary(layer.name, layer.type, layer.int8, layer.reason, layer.remedy, errors.get(layer.output))
            for layer in layers
            if layer.int8 or layer.type not in _NO_ARITHMETIC
        ),
        sqnr_db=errors.get(loaded.program.outputs[0].removesuffix(".dequantized")),
        float_bytes=float_bytes,
        int8_bytes=file_size(loaded.program),
        float_ms=float_ms,
        int8_ms=int8_ms,
        threads=loaded.threads,
        isa=loaded.isa,
        notes=tuple(notes),
    )


def sqnr_of_values(loaded: LoadedProgram, origin: Origin) -> dict[str, float]:
    """Compute the SQNR of every value that the float graph and the program share, on the example inputs, in dB."""
    prepared = prepare(origin.captured(), origin.qconfig_mapping, origin.layerwise)
    inputs = prepared.signature.bind(origin.example_inputs, "example_inputs")
    program = loaded.program
    everything = with_every_value(loaded)
    values = everything(*(t.numpy() for t in inputs.values()))
    integers = dict(zip(everything.program.outputs, values, strict=True))
    errors: dict[str, float] = {}

    def compare(name: str, tensor: torch.Tensor) -> None:
        # A value that is infinite in float as well (the log of 0) has no ratio, nor have indices.
        if name in integers and tensor.is_floating_point() and bool(torch.isfinite(tensor).all()):
            errors[name] = sqnr(tensor, torch.from_numpy(real(program, name, integers.pop(name))))

    execute(prepared.graph, inputs, compare)
    return errors


def with_every_value(loaded: LoadedProgram) -> LoadedProgram:
    """Return the program with every value that it computes as an output, a list in the order of their names there."""
    program = loaded.program
    given = {i.name for i in program.inputs}
    names = tuple(name for name in program.values if name not in given)
    everything = replace(program, outputs=names, output_structure=list(range(len(names))))
    return LoadedProgram(everything, loaded.threads, loaded.isa)


def real(program: Program, name: str, array: np.ndarray) -> np.ndarray:
    """Return the real numbers that a value of a program stands for, float32."""
    value = program.values[name]
    if value.scale is None or value.zero_point is None:
        return array
    return (array.astype(np.int32) - value.zero_point).astype(np.float32) * np.float32(value.scale)


def _speed(loaded: LoadedProgram, origin: Origin, seconds: float) -> tuple[Any, Any]:
    args, kwargs = arguments(origin.example_inputs)
    arrays = [t.numpy() for t in pytree.tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)]
    with evaluating(origin.model), torch.inference_mode(), _torch_threads(loaded.threads):
        times = interleave(
            {"float": lambda: origin.model(*args, **kwargs), "int8": lambda: loaded(*arrays)},
            seconds,
        )
    return times["float"], times["int8"]


@contextmanager
def _torch_threads(threads: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
