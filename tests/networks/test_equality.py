"""Whole networks: the NumPy reference and the engine, on every instruction set and thread count, to the last bit."""

import numpy as np
import pytest
from benchmarks.networks import models
from convert_network import quantize

from octavo import _core
from octavo.program import Program, reference
from octavo.runtime import LoadedProgram

EXECUTORS = [(isa, threads) for isa in _core.supported_isas() for threads in (1, 2)]


def assert_executors_agree(program: Program, x: np.ndarray) -> np.ndarray:
    """Compare every executor of this machine with the reference on `x`; return the reference's output."""
    (expected,) = reference.run(program, [x])
    for isa, threads in EXECUTORS:
        actual = LoadedProgram(program, threads=threads, isa=isa)(x)
        different = np.count_nonzero(actual != expected)
        assert different == 0, f"{isa}, {threads} threads: {different} of {expected.size} outputs differ"
    return expected


@pytest.mark.parametrize("name", models.NETWORKS)
def test_full_size(name):
    # Statistics "measured": whatever goes wrong in an early layer shows in the logits.
    quantized = quantize(models.build(name, "measured"), models.samples(name, 2, seed=1))
    first, second = models.samples(name, 2, seed=2)
    output = assert_executors_agree(quantized.program, first)
    assert np.any(output != quantized.loaded(second)), "the logits do not depend on the image"


@pytest.mark.parametrize("name", ["resnet18", "shufflenet_v2_x1_0"])
def test_batch_and_odd_sizes(name):
    calibration = [x for size in (64, 96) for x in models.samples(name, 1, seed=1, batch=2, size=size)]
    program = quantize(models.build(name, "measured"), calibration).program
    for size in (75, 97):
        (x,) = models.samples(name, 1, seed=2, batch=3, size=size)
        wide = np.ascontiguousarray(x[..., :-22, :])
        output = assert_executors_agree(program, wide)
        assert output.shape == (3, 1000)
        assert np.any(output[0] != output[1]), "the logits do not depend on the image"
