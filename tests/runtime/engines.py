"""The engine on every instruction set and several numbers of threads, held to the reference."""

from collections.abc import Iterable, Sequence

import numpy as np

from octavo import _core
from octavo.program import Program, reference, verify
from octavo.runtime import LoadedProgram


def assert_engines_equal_reference(program: Program, samples: Iterable[Sequence[np.ndarray]]) -> None:
    """Demand the reference's bits of a program that is loaded once and run on sample after sample."""
    verify(program)
    loaded = [LoadedProgram(program, threads, isa) for isa in _core.supported_isas() for threads in (1, 2, 3)]
    for arrays in samples:
        expected = reference.run(program, list(arrays))
        for engine in loaded:
            for got, want in zip(engine(*arrays), expected, strict=True):
                message = f"{engine.isa}, {engine.threads} threads"
                np.testing.assert_array_equal(got, want, err_msg=message, strict=True)
