"""Inputs to time a program on: random numbers, ids that its tables have, masks that hide nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod

import numpy as np

from octavo.program import Operator, Program, infer_shapes

_MOVING = ("concat", "reshape", "permute", "slice", "take", "gather")
_RECURRENT = ("lstm", "gru", "rnn")

Shapes = Mapping[str, tuple[int, ...]]


def sample_inputs(program: Program, sizes: Mapping[str, int] | None = None, seed: int = 0) -> list[np.ndarray]:
    """Make inputs that a program can run on, in order; the same arguments give the same arrays.

    float32: standard normal. 8 bits: any number of the dtype. int64, by what the program does with it: an id or an
    index is any that the smallest of its tables and axes has, lengths are the whole length, offsets of bags lie evenly,
    and all else, a mask, is 1.

    Args:
        program: any program.
        sizes: symbol name to size; default: the symbols' examples.
        seed: of the random numbers.

    Raises:
        ShapeError: the program does not take these sizes.
    """
    random = np.random.default_rng(seed)
    if sizes is None:
        sizes = {name: symbol.example for name, symbol in program.symbols.items()}
    shapes = infer_shapes(program, sizes)
    arrays = []
    for given in program.inputs:
        shape, dtype = shapes[given.name], np.dtype(given.dtype)
        if dtype == np.int64:
            arrays.append(_indices(program, given.name, shapes, random))
        elif dtype.kind in "iu":
            limits = np.iinfo(dtype)
            arrays.append(random.integers(limits.min, limits.max, shape, dtype, endpoint=True))
        else:
            arrays.append(random.standard_normal(shape, np.float32).astype(dtype))
    return arrays


def _indices(program: Program, name: str, shapes: Shapes, random: np.random.Generator) -> np.ndarray:
    shape = shapes[name]
    bounds = []
    for operator, place in _readers(program, name):
        if operator.type == "embedding_bag" and place == 1:
            ids = prod(shapes[operator.inputs[0]])
            return np.arange(prod(shape), dtype=np.int64).reshape(shape) * ids // max(prod(shape), 1)
        if operator.type in _RECURRENT:
            return np.full(shape, shapes[operator.inputs[0]][0], np.int64)
        if operator.type in ("embedding", "embedding_bag"):
            bounds.append(program.constants[operator.constants["weight"]].shape[0])
        elif operator.type in ("take", "gather") and place == 1:
            bounds.append(shapes[operator.inputs[0]][operator.attributes["axis"]])
    return random.integers(0, min(bounds), shape, np.int64) if bounds else np.ones(shape, np.int64)


def _readers(program: Program, name: str) -> Iterator[tuple[Operator, int]]:
    """Yield who reads a value, or what other operators only move of it, and which of the reader's inputs it is."""
    same = {name}
    for operator in program.operators:
        for place, value in enumerate(operator.inputs):
            if value not in same:
                continue
            if operator.type in _MOVING and not (operator.type in ("take", "gather") and place == 1):
                same.update(operator.outputs)
            else:
                yield operator, place
