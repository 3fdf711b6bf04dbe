"""What it costs to keep a layer in float: bytes, or milliseconds that are measured."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch
from torch.utils import _pytree as pytree

from octavo.algorithms import Costs, keep_in_float
from octavo.graph.signature import arguments
from octavo.program import bind_symbols, infer_shapes
from octavo.recipe.quantized_model import QuantizedModel
from octavo.recipe.recipe import Recipe
from octavo.recipe.tuning.workbench import Built, Workbench
from octavo.runtime.operator_times import operator_times

_SECONDS = 0.4


def byte_costs(built: Built, names: Sequence[str]) -> Costs:
    """Return the bytes that float32 weights take beyond int8 ones with a float32 scale for each channel."""
    nodes = {node.name: node for node in built.exact.graph.nodes}
    costs = {}
    for name in names:
        node = nodes[name]
        channels = node.shape[-1] if node.type == "linear" else node.shape[1]
        weight = node.shape_of("weight").numel()
        costs[name] = 3.0 * weight - 4.0 * (channels if isinstance(channels, int) else 0)
    return Costs(costs)


def time_costs(bench: Workbench, built: Built, recipe: Recipe, names: Sequence[str]) -> Costs:
    """Measure by how many milliseconds each layer is slower in float, and what converting each value takes.

    The program in int8 and one with all these layers in float32 are run operator by operator on the example inputs. A
    conversion is taken to cost for each element what quantizing the inputs does, which is measured as well.
    """
    int8 = bench.quantized(built.rounded, recipe)
    exact = bench.quantized(keep_in_float(built.exact, built.rounded, dict.fromkeys(names, "timed")), recipe)
    times = [_by_name(model, bench) for model in (int8, exact)]
    layers = {name: (times[1].get(name, 0.0) - times[0].get(name, 0.0)) / 1e3 for name in names}
    arrays = _arrays(bench)
    shapes = infer_shapes(
        int8.program,
        bind_symbols(int8.program, {i.name: a.shape for i, a in zip(int8.program.inputs, arrays, strict=True)}),
    )
    quantizes = [op for op in int8.program.operators if op.type == "quantize"]
    elements = sum(prod(shapes[op.outputs[0]]) for op in quantizes)
    spent = sum(times[0].get(op.name, 0.0) for op in quantizes) / 1e3
    each = spent / elements if elements else 0.0
    borders = {value: each * prod(shape) for value, shape in shapes.items()}
    return Costs(layers, borders)


def _arrays(bench: Workbench) -> list:
    args, kwargs = arguments(bench.example_inputs)
    return [t.numpy() for t in pytree.tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)]


def _by_name(model: QuantizedModel, bench: Workbench) -> dict[str, float]:
    """Return layer to microseconds, with what the engine adds to it and an activation that float does not fuse."""
    found: dict[str, float] = {}
    for (_, name), taken in operator_times(model.loaded, _arrays(bench), _SECONDS).items():
        layer = name.removesuffix(".clamp")
        found[layer] = found.get(layer, 0.0) + taken
    return found
