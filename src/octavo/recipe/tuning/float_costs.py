"""What it costs to keep a layer in float: bytes, or milliseconds that are measured."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
import torch
from torch.utils import _pytree as pytree

from octavo.algorithms import Costs, keep_in_float
from octavo.graph import Prepared, convert
from octavo.graph.signature import arguments
from octavo.program import Program, bind_symbols, infer_shapes
from octavo.recipe.tuning.workbench import Built, Workbench
from octavo.runtime import LoadedProgram
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


def time_costs(bench: Workbench, built: Built, names: Sequence[str]) -> Costs:
    """Measure by how many milliseconds each layer is slower in float, and what converting each value takes.

    The program in int8 and programs with some of these layers in float32, a part of the weights in each, are run
    operator by operator on the example inputs. A conversion is taken to cost for each element what quantizing the
    inputs does, which is measured as well.
    """
    arrays, exact = _arrays(bench), dict[str, float]()
    program, int8 = _timed(built.rounded, arrays)
    for part in _parts(built, names):
        _, times = _timed(keep_in_float(built.exact, built.rounded, dict.fromkeys(part, "timed")), arrays)
        exact |= {name: times.get(name, 0.0) for name in part}
    layers = {name: (exact[name] - int8.get(name, 0.0)) / 1e3 for name in names}
    shapes = infer_shapes(
        program, bind_symbols(program, {i.name: a.shape for i, a in zip(program.inputs, arrays, strict=True)})
    )
    quantizes = [op for op in program.operators if op.type == "quantize"]
    elements = sum(prod(shapes[op.outputs[0]]) for op in quantizes)
    spent = sum(int8.get(op.name, 0.0) for op in quantizes) / 1e3
    each = spent / elements if elements else 0.0
    borders = {value: each * prod(shape) for value, shape in shapes.items()}
    return Costs(layers, borders)


def _parts(built: Built, names: Sequence[str]) -> list[list[str]]:
    """Divide layers so that the weights of each part are a quarter of all, or those of one layer."""
    nodes = {node.name: node for node in built.exact.graph.nodes}
    sizes = {name: nodes[name].shape_of("weight").numel() for name in names}
    most, held, parts = sum(sizes.values()) / 4, 0, list[list[str]]()
    for name in names:
        if not parts or held + sizes[name] > most:
            parts.append([])
            held = 0
        parts[-1].append(name)
        held += sizes[name]
    return parts


def _arrays(bench: Workbench) -> list[np.ndarray]:
    args, kwargs = arguments(bench.example_inputs)
    return [t.numpy() for t in pytree.tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)]


def _timed(prepared: Prepared, arrays: Sequence[np.ndarray]) -> tuple[Program, dict[str, float]]:
    """Return the outline of a graph's program, and layer to microseconds.

    With a layer goes what the engine adds to it, and an activation that float does not fuse.
    """
    loaded = LoadedProgram(convert(prepared, "octavo").program, release=True)
    found: dict[str, float] = {}
    for (_, name), taken in operator_times(loaded, arrays, _SECONDS).items():
        layer = name.removesuffix(".clamp")
        found[layer] = found.get(layer, 0.0) + taken
    return loaded.program, found
