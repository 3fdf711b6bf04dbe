"""The planner may move, join, overlay and elide, but never change a bit."""

import numpy as np
import pytest
from random_networks import random_program

from octavo import _core
from octavo.program import reference, verify
from octavo.runtime import LoadedProgram


@pytest.mark.parametrize("seed", range(60))
def test_engine_equals_reference_on_random_networks(seed):
    program, shape = random_program(seed)
    verify(program)
    x = np.random.default_rng(seed).normal(0, 3, shape).astype(np.float32)
    expected = reference.run(program, [x])
    for isa in _core.supported_isas():
        for threads in (1, 2):
            loaded = LoadedProgram(program, threads=threads, isa=isa)
            for attempt in ("first", "second"):  # the second finds memory as the first left it
                for name, got, want in zip(program.outputs, loaded(x), expected, strict=True):
                    np.testing.assert_array_equal(got, want, err_msg=f"{name}, {isa}, {threads} threads, {attempt} run")
