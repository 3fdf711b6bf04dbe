"""From a float module to a graph, through torch.export."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import fx, nn

from octavo.graph import dynamic_shapes as shapes
from octavo.graph.capturable import check_example, check_model
from octavo.graph.errors import CaptureError, UnsupportedOperatorError
from octavo.graph.ir import Graph, GraphInput
from octavo.graph.lowering import lower
from octavo.graph.lowering.builder import INDICES, Builder
from octavo.graph.passes.remove_dead import remove_dead
from octavo.graph.recurrent_export import recurrent_layers_whole
from octavo.graph.returned import returned, structure_of
from octavo.graph.seen import Seen, shared_dims, tensor_inputs
from octavo.graph.signature import Sample, Signature, arguments
from octavo.graph.symbols import SymbolTable


@dataclass(frozen=True)
class Captured:
    """A float model as a graph.

    Args:
        graph: nodes near the program's operators; its constants share memory with the model's parameters.
        signature: how samples become its inputs.
        notes: what reparametrizations have done to its weights; none of them where there is none.
    """

    graph: Graph
    signature: Signature
    notes: tuple[str, ...] = ()


def capture(
    model: nn.Module,
    example_inputs: Sample,
    dynamic_shapes: Any = None,
    samples: Sequence[Sample] = (),
    training: bool = False,
) -> Captured:
    """Capture a model as it computes in evaluation mode.

    Axis 0 of each input is symbolic, and so is axis 1 of ids and masks [n, length], and every axis in which the example
    and the samples differ; axes of several inputs that always agree are one. A model that
    works for one batch size only is captured with the sizes of the example. The model is left as it was.

    Args:
        model: a float32 module on the CPU.
        example_inputs: a tensor, a tuple of positional arguments or a dict of keyword arguments.
        dynamic_shapes: as in `torch.export.export`; overrides what is found from the samples.
        samples: further inputs, looked at for their shapes only.
        training: whether the graph will be trained: batch norms and dropouts are kept apart.

    Returns: the graph and the signature.

    Raises:
        CaptureError: torch.export could not follow the model, or an input is neither a float32 nor an int64
            tensor, or a weight is no float32 tensor.
        UnsupportedOperatorError: operators that a program cannot express, all of them.
    """
    check_model(model)
    check_example(example_inputs)
    with evaluating(model):
        if dynamic_shapes is not None:
            return _capture(model, shapes.given(model, example_inputs, dynamic_shapes), example_inputs, training)
        seen = Seen(example_inputs, samples, text=True)
        try:
            captured = _varying(model, seen, training)
        except UnsupportedOperatorError:
            if not seen.has_text():
                raise
            captured = _varying(model, replace(seen, text=False), training)
        return captured or _capture(model, shapes.fixed(example_inputs), example_inputs, training)


def _varying(model: nn.Module, seen: Seen, training: bool) -> Captured | None:
    """Capture a model with symbolic sizes; None where it does not work for all of them."""
    call = shapes.varying(seen)
    try:
        exported = _export(model, call)
        dims = shared_dims(seen, exported.module().graph, exported.range_constraints)
        if dims:
            exported = _export(model, shapes.varying(seen, dims))
        captured = _lowered(model, exported, call, seen.example, training)
    except UnsupportedOperatorError:
        raise
    except CaptureError:
        return None
    return None if _batch_was_fixed(captured, seen.example) else captured


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Put a model in evaluation mode, and each of its modules back in its own mode afterwards."""
    modes = [(module, module.training) for module in model.modules()]
    # A module that torch.export has made keeps the mode that it was exported in, and refuses to be asked for another.
    with suppress(NotImplementedError):
        model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def _export(model: nn.Module, call: shapes.ExportArguments) -> torch.export.ExportedProgram:
    try:
        with torch.no_grad(), recurrent_layers_whole(), warnings.catch_warnings():
            # A recurrent layer lists its parameters once more for cuDNN; export puts that list back as it was.
            warnings.filterwarnings("ignore", message=r"The tensor attributes .*_flat_weights")
            return torch.export.export(model, call.args, call.kwargs, dynamic_shapes=call.dynamic_shapes)
    except Exception as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise CaptureError(
            f"torch.export could not capture {type(model).__name__}: {type(error).__name__}: {reason[0]}\n"
            "Remedy: check that model(example_inputs) runs; take branches and loops that depend on tensor values out "
            "of forward (torch.cond, or a submodule that is quantized on its own); fix sizes with dynamic_shapes"
        ) from error


def _capture(model: nn.Module, call: shapes.ExportArguments, example: Sample, training: bool) -> Captured:
    return _lowered(model, _export(model, call), call, example, training)


def _lowered(
    model: nn.Module, exported: torch.export.ExportedProgram, call: shapes.ExportArguments, example: Sample,
    training: bool,
) -> Captured:  # fmt: skip
    module = exported.module()
    assert isinstance(module, fx.GraphModule)
    symbols = SymbolTable(exported.range_constraints)
    containers = {name for name, child in model.named_modules() if any(True for _ in child.children())}
    builder = Builder(symbols, containers | {""}, training)
    inputs = _declare_inputs(module, builder, call, example)
    values: list[str] = []
    structure = structure_of(returned(exported, lower(module, builder)), values)
    graph = Graph(symbols.ranges, inputs, tuple(builder.nodes), tuple(values), structure, builder.fixed)
    graph = remove_dead(graph)
    keywords = tuple(arguments(example)[1])
    return Captured(graph, Signature(inputs, symbols.ranges, keywords))


def _declare_inputs(
    module: fx.GraphModule, builder: Builder, call: shapes.ExportArguments, example: Sample
) -> tuple[GraphInput, ...]:
    placeholders = tensor_inputs(module.graph)
    examples = shapes.fixed(example).tensors()
    inputs = []
    for node, tensor, names in zip(placeholders, examples, call.names, strict=True):
        name, sizes = str(node.target), node.meta["val"]
        index = tensor.dtype in (torch.int64, torch.bool)
        wanted = {1: "length"} | names if index and tensor.dim() == 2 else names
        refused = builder.symbols.declare(sizes.shape, list(tensor.shape), wanted)
        if refused:
            raise CaptureError(
                f"input '{name}': the model only works where axis {refused[0]} is of the form "
                f"{sizes.shape[refused[0]]}. Remedy: fix that size with dynamic_shapes"
            )
        shape = builder.symbols.shape(sizes.shape)
        builder.declare(name, shape)
        if index:
            builder.fixed[name] = INDICES
        inputs.append(GraphInput(name, shape, "int64" if index else "float32"))
    return tuple(inputs)


def _batch_was_fixed(captured: Captured, example: Sample) -> bool:
    """Tell whether export fixed a batch that was only enlarged for it, which would be wrong for the user's own."""
    pairs = zip(captured.graph.inputs, shapes.fixed(example).tensors(), strict=True)
    return any(isinstance(i.shape[0], int) and i.shape[0] != t.shape[0] for i, t in pairs if i.shape)
