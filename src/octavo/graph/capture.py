"""From a float module to a graph, through torch.export."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn
from torch.utils import _pytree as pytree

from octavo.graph import dynamic_shapes as shapes
from octavo.graph.errors import CaptureError, UnsupportedOperatorError
from octavo.graph.ir import Graph, GraphInput
from octavo.graph.lowering import lower
from octavo.graph.lowering.builder import INDICES, Builder
from octavo.graph.lowering.registry import Value
from octavo.graph.passes.remove_dead import remove_dead
from octavo.graph.recurrent_export import recurrent_layers_whole
from octavo.graph.signature import Sample, Signature, arguments
from octavo.graph.symbols import SymbolTable


@dataclass(frozen=True)
class Captured:
    """A float model as a graph.

    Args:
        graph: nodes near the program's operators; its constants share memory with the model's parameters.
        signature: how samples become its inputs.
    """

    graph: Graph
    signature: Signature


def capture(
    model: nn.Module,
    example_inputs: Sample,
    dynamic_shapes: Any = None,
    samples: Sequence[Sample] = (),
    training: bool = False,
) -> Captured:
    """Capture a model as it computes in evaluation mode.

    Axis 0 of each input is symbolic, and so is every axis in which the example and the samples differ. A model that
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
    _check_model(model)
    _check_example(example_inputs)
    with evaluating(model):
        if dynamic_shapes is not None:
            return _capture(model, shapes.given(model, example_inputs, dynamic_shapes), example_inputs, training)
        wanted = shapes.varying(example_inputs, samples)
        try:
            captured = _capture(model, wanted, example_inputs, training)
        except UnsupportedOperatorError:
            raise
        except CaptureError:
            return _capture(model, shapes.fixed(example_inputs), example_inputs, training)
        if _batch_was_fixed(captured, example_inputs):
            return _capture(model, shapes.fixed(example_inputs), example_inputs, training)
        return captured


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


def _check_model(model: Any) -> None:
    if not isinstance(model, nn.Module):
        raise CaptureError(f"expected a torch.nn.Module, got a {type(model).__name__}")
    for name, parameter in model.named_parameters():
        if parameter.dtype != torch.float32:
            raise CaptureError(f"parameter '{name}' is {parameter.dtype}; expected torch.float32 (call model.float())")
        if parameter.device.type != "cpu":
            raise CaptureError(f"parameter '{name}' is on {parameter.device}; expected the CPU (call model.cpu())")


def _check_example(example_inputs: Any) -> None:
    try:
        leaves = pytree.tree_leaves(arguments(example_inputs))
    except TypeError as error:
        raise CaptureError(f"example_inputs: {error}") from None
    for leaf in leaves:
        if leaf is not None and not isinstance(leaf, torch.Tensor):
            raise CaptureError(
                f"example_inputs hold a {type(leaf).__name__} ({leaf!r:.40}); a program takes tensors alone. "
                "Remedy: wrap the model in a module that passes it"
            )
        if leaf is not None and leaf.dtype not in (torch.float32, torch.int64):
            raise CaptureError(
                f"example_inputs hold a tensor of {leaf.dtype}; a program takes torch.float32, and torch.int64 for the "
                "indices of embeddings. Remedy: call .float() or .long() on it"
            )


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
    exported = _export(model, call)
    module = exported.module()
    assert isinstance(module, fx.GraphModule)
    symbols = SymbolTable(exported.range_constraints)
    containers = {name for name, child in model.named_modules() if any(True for _ in child.children())}
    builder = Builder(symbols, containers | {""}, training)
    inputs = _declare_inputs(module, builder, call, example)
    values: list[str] = []
    structure = _structure(_returned(exported, lower(module, builder)), values)
    graph = Graph(symbols.ranges, inputs, tuple(builder.nodes), tuple(values), structure, builder.fixed)
    graph = remove_dead(graph)
    keywords = tuple(arguments(example)[1])
    return Captured(graph, Signature(inputs, symbols.ranges, keywords))


def _declare_inputs(
    module: fx.GraphModule, builder: Builder, call: shapes.ExportArguments, example: Sample
) -> tuple[GraphInput, ...]:
    placeholders = [n for n in module.graph.nodes if n.op == "placeholder" and isinstance(n.meta["val"], torch.Tensor)]
    examples = shapes.fixed(example).tensors()
    inputs = []
    for node, tensor, names in zip(placeholders, examples, call.names, strict=True):
        name, sizes = str(node.target), node.meta["val"]
        index = tensor.dtype == torch.int64
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


def _returned(exported: torch.export.ExportedProgram, flat: Any) -> Any:
    specification = exported.call_spec.out_spec
    return pytree.tree_unflatten(list(flat), specification) if specification is not None else flat


def _structure(returned: Any, values: list[str]) -> Any:
    """Describe what the model returns as a program does, and collect its values in order."""
    if isinstance(returned, Value):
        if returned.name not in values:
            values.append(returned.name)
        return values.index(returned.name)
    if returned is None:
        return None
    if isinstance(returned, dict):
        return {"dict": {_key(key): _structure(item, values) for key, item in returned.items()}}
    if isinstance(returned, tuple):
        return {"tuple": [_structure(item, values) for item in returned]}
    if isinstance(returned, list):
        return [_structure(item, values) for item in returned]
    raise CaptureError(
        f"the model returns a {type(returned).__name__} that does not depend on its inputs; a program returns tensors. "
        "Remedy: leave it out of what forward returns"
    )


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise CaptureError(f"the model returns a dict with the key {key!r}; a program keeps string keys alone")
    return key


def _batch_was_fixed(captured: Captured, example: Sample) -> bool:
    """Tell whether export fixed a batch that was only enlarged for it, which would be wrong for the user's own."""
    pairs = zip(captured.graph.inputs, shapes.fixed(example).tensors(), strict=True)
    return any(isinstance(i.shape[0], int) and i.shape[0] != t.shape[0] for i, t in pairs if i.shape)
