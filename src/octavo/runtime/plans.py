"""Plans of a program: memory laid out for the shapes, and the order in memory, of the arrays it is called with."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from octavo import _core
from octavo.program import Program, bind_symbols, infer_shapes
from octavo.runtime.batches import BatchParts, parts_of_batch

# How many sets of input shapes keep their memory planned. A model that sees more (every image another size) plans
# again, which takes about a millisecond.
PLANS_KEPT = 8

SLACK = 128
"""How many bytes before and after an array of 8 bits the engine may read where it is told so."""

Shapes = tuple[tuple[int, ...], ...]
Lying = tuple[tuple[bool, bool], ...]
"""Of each input, whether it lies channels_last (`[n, …, c]` in memory), and whether it has slack around it."""


class Output(NamedTuple):
    """How an output lies: its shape and strides in elements, and the shape of its memory."""

    dtype: np.dtype
    size: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    memory: tuple[int, ...]
    channels_last: bool


class Plan(NamedTuple):
    """The engine's plan, and the arrays that it writes."""

    native: Any
    outputs: list[Output]

    def empty(self) -> list[np.ndarray]:
        """Return arrays for the outputs, axes as they lie in memory."""
        return [np.empty(output.memory, output.dtype) for output in self.outputs]


class Plans:
    """Keep the plans of the latest shapes. Safe to use from many threads.

    Args:
        program: what is planned.
        network: it, built by the engine.
    """

    def __init__(self, program: Program, network: Any) -> None:
        self._program, self._network = program, network
        self._names = [given.name for given in program.inputs]
        self._plans: OrderedDict[Any, Plan] = OrderedDict()
        self._latest: tuple[Any, Plan] | None = None
        self._lock = threading.Lock()

    def find(self, shapes: Shapes, lying: Lying | None = None) -> Plan:
        """Return a plan, made where there is none.

        Args:
            shapes: of the inputs.
            lying: how each of them lies; outputs of 8 bits then lie as they are made. None: all are row-major.

        Raises:
            ShapeError: the program does not take these shapes.
        """
        key = shapes, lying
        latest = self._latest  # one tuple, so that no other thread can change half of it
        if latest is not None and latest[0] == key:
            return latest[1]
        with self._lock:
            plan = self._plans.get(key)
        plan = plan or self._make(shapes, lying)
        with self._lock:
            self._latest = key, plan
            self._plans[key] = plan
            self._plans.move_to_end(key)
            while len(self._plans) > PLANS_KEPT:
                self._plans.popitem(last=False)
        return plan

    def _make(self, given: Shapes, lying: Lying | None) -> Plan:
        program = self._program
        symbols = bind_symbols(program, dict(zip(self._names, given, strict=True)))
        shapes = infer_shapes(program, symbols)
        native = self._plan(shapes, lying)
        parts = parts_of_batch(program, symbols, shapes, native.arena_bytes)
        if parts:
            plans = {size: self._plan(of_part, lying) for size, of_part in dict(parts).items()}
            bytes_of = [
                [np.dtype(program.values[name].dtype).itemsize * prod(shapes[name][1:]) for name in names]
                for names in (self._names, program.outputs)
            ]
            native = BatchParts([(size, plans[size]) for size, _ in parts], (bytes_of[0], bytes_of[1]))
        dtypes = [np.dtype(program.values[name].dtype) for name in program.outputs]
        outputs = zip(program.outputs, dtypes, native.outputs_channels_last, strict=True)
        return Plan(native, [_output(shapes[name], dtype, last) for name, dtype, last in outputs])

    def _plan(self, shapes: Mapping[str, Sequence[int]], lying: Lying | None) -> Any:
        every = [shapes[name] for name in self._program.values]
        return _core.Plan(self._network, every, list(lying or ()), free_outputs=lying is not None)


def memory_view(array: np.ndarray) -> tuple[np.ndarray, bool]:
    """Return an array with its axes as they lie in memory, copied where they lie in neither order that the engine
    takes, and whether they lie channels_last: `[n, …, c]`.
    """
    if array.flags.c_contiguous or array.ndim < 3:
        return np.ascontiguousarray(array) if array.ndim else array, False
    last = array.transpose(0, *range(2, array.ndim), 1)
    return (last, True) if last.flags.c_contiguous else (np.ascontiguousarray(array), False)


def _output(shape: tuple[int, ...], dtype: np.dtype, channels_last: bool) -> Output:
    memory = (shape[0], *shape[2:], shape[1]) if channels_last else shape
    lying = tuple(prod(memory[axis + 1 :]) for axis in range(len(memory)))
    strides = (lying[0], lying[-1], *lying[1:-1]) if channels_last else lying
    return Output(dtype, prod(shape), shape, strides, memory, channels_last)
