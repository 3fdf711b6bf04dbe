"""Every operator, on every instruction set and with several threads, gives the integers of the reference."""

import numpy as np
import pytest
from operator_cases import operator_cases

from octavo import _core
from octavo.program import reference
from octavo.runtime import LoadedProgram


@pytest.mark.parametrize("case", operator_cases(), ids=lambda case: case.id)
def test_engine_equals_reference(case):
    program, inputs = case.build()
    expected = reference.run(program, inputs)
    for isa in _core.supported_isas():
        for threads in (1, 2):
            outputs = LoadedProgram(program, threads=threads, isa=isa)(*inputs)
            for got, want in zip(outputs if isinstance(outputs, (list, tuple)) else [outputs], expected, strict=True):
                np.testing.assert_array_equal(got, want, err_msg=f"{isa}, {threads} threads", strict=True)
