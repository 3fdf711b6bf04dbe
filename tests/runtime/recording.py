"""Recordings for `core/tests/replay.cc`: programs, their inputs and what the reference makes of them, in one flat file.

python tests/runtime/recording.py FILE      the catalogue of one-operator programs and some random networks
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from octavo.program import Program, bind_symbols, infer_shapes, reference
from octavo.runtime.network import describe_operator

DTYPES = ("uint8", "int8", "int32", "int64", "float32")  # as core/engine/tensor.h counts them
NETWORKS = 20

Case = tuple[str, Program, Sequence[np.ndarray]]


class Recording:
    """Writes integers and doubles of 8 bytes, little-endian; strings and arrays follow their length."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def integer(self, value: int) -> None:
        self._file.write(struct.pack("<q", value))

    def real(self, value: float) -> None:
        self._file.write(struct.pack("<d", value))

    def block(self, value: bytes) -> None:
        self.integer(len(value))
        self._file.write(value)

    def text(self, value: str) -> None:
        self.block(value.encode())

    def integers(self, values: Sequence[int]) -> None:
        self.integer(len(values))
        for value in values:
            self.integer(value)

    def mapping(self, values: Mapping[str, Any], write: Callable[[Any], None]) -> None:
        self.integer(len(values))
        for key, value in values.items():
            self.text(key)
            write(value)

    def arrays(self, arrays: Sequence[np.ndarray]) -> None:
        self.integer(len(arrays))
        for array in arrays:
            self.block(np.ascontiguousarray(array).tobytes())

    def constant(self, array: np.ndarray) -> None:
        self.integer(DTYPES.index(array.dtype.name))
        self.integers(array.shape)
        self.block(array.tobytes())

    def case(self, name: str, program: Program, inputs: Sequence[np.ndarray]) -> None:
        """Write a program, its inputs and the outputs of the reference."""
        given = {value.name: array.shape for value, array in zip(program.inputs, inputs, strict=True)}
        shapes = infer_shapes(program, bind_symbols(program, given))
        index = {value: i for i, value in enumerate(program.values)}
        self.text(name)
        self.integer(len(index))
        for key, value in program.values.items():
            self.integer(DTYPES.index(value.dtype))
            self.real(value.scale or 1.0)
            self.integer(value.zero_point or 0)
            self.integers(shapes[key])
        self.integer(len(program.operators))
        for operator in program.operators:
            kind, label, reads, writes, ints, floats, strings, constants = describe_operator(
                operator, index, program.constants
            )
            self.text(kind)
            self.text(label)
            self.integers(reads)
            self.integers(writes)
            self.mapping(ints, self.integers)
            self.mapping(floats, self.real)
            self.mapping(strings, self.text)
            self.mapping(constants, self.constant)
        self.integers([index[value.name] for value in program.inputs])
        self.arrays(inputs)
        self.integers([index[value] for value in program.outputs])
        self.arrays(reference.run(program, list(inputs)))


def recorded_cases() -> Iterator[Case]:
    """Yield the catalogue of one-operator programs, and random networks of many."""
    sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1] / "program")]
    from operator_cases import operator_cases
    from random_networks import random_program

    for case in operator_cases():
        yield case.id, *case.build()
    for seed in range(NETWORKS):
        program, shape = random_program(seed)
        yield f"network-{seed}", program, [np.random.default_rng(seed).normal(0, 3, shape).astype(np.float32)]


def record(path: Path, cases: Sequence[Case]) -> None:
    """Write a recording of `cases`."""
    with path.open("wb") as file:
        recording = Recording(file)
        recording.text("octavo recording 1")
        recording.integer(len(cases))
        for name, program, inputs in cases:
            recording.case(name, program, inputs)


if __name__ == "__main__":
    record(Path(sys.argv[1]), list(recorded_cases()))
