"""Whole networks: the NumPy reference and the engine, on every instruction set and thread count, to the last bit."""

from functools import partial

import numpy as np
import pytest
from benchmarks.networks import models
from convert_network import quantize as quantize_by

import octavo
from octavo import _core
from octavo.program import Program, reference
from octavo.runtime import LoadedProgram

# Integers that are quickly chosen serve as well here.
quantize = partial(quantize_by, recipe=octavo.Recipe(rounding="nearest"))
EXECUTORS = [(isa, threads) for isa in _core.supported_isas() for threads in (1, 2)]


def assert_executors_agree(program: Program, x: np.ndarray) -> np.ndarray:
    """Compare every executor of this machine with the reference on `x`; return the reference's output."""
    (expected,) = reference.run(program, [x])
    for isa, threads in EXECUTORS:
        actual = LoadedProgram(program, threads=threads, isa=isa)(x)
        different = np.count_nonzero(actual != expected)
        assert different == 0, f"{isa}, {threads} threads: {different} of {expected.size} outputs differ"
    return expected


def assert_arena_is_tight(program: Program, x: np.ndarray) -> None:
    """Demand that activations take at most a tenth more than what is alive at the same time at the worst step."""
    loaded = LoadedProgram(program, threads=1)
    plan = loaded.plans.find((x.shape,)).native
    assert 0 < plan.live_bytes <= plan.arena_bytes <= 1.1 * plan.live_bytes


@pytest.mark.parametrize("name", models.NETWORKS)
def test_full_size(name):
    # Statistics "measured": whatever goes wrong in an early layer shows in the logits.
    quantized = quantize(models.build(name, "measured"), models.samples(name, 2, seed=1))
    first, second = models.samples(name, 2, seed=2)
    output = assert_executors_agree(quantized.program, first)
    assert_arena_is_tight(quantized.program, first)
    assert np.any(output != quantized.loaded(second)), "the logits do not depend on the image"


@pytest.mark.parametrize("name", ["resnet18", "shufflenet_v2_x1_0"])
def test_batch_of_odd_images(name):
    calibration = _odd_images(name, batch=2, seed=1, height=53, width=75)
    program = quantize(models.build(name, "measured"), [calibration]).program
    _assert_batch_agrees(program, _odd_images(name, batch=3, seed=2, height=53, width=75))


def test_symbolic_image_size():
    calibration = [x for size in (64, 96) for x in models.samples("resnet18", 1, seed=1, batch=2, size=size)]
    program = quantize(models.build("resnet18", "measured"), calibration).program
    for height, width in ((53, 75), (97, 71)):
        _assert_batch_agrees(program, _odd_images("resnet18", batch=3, seed=2, height=height, width=width))


def _odd_images(name: str, batch: int, seed: int, height: int, width: int) -> np.ndarray:
    (square,) = models.samples(name, 1, seed, batch, max(height, width))
    return np.ascontiguousarray(square[..., :height, :width])


def _assert_batch_agrees(program: Program, x: np.ndarray) -> None:
    output = assert_executors_agree(program, x)
    assert output.shape == (len(x), 1000)
    assert np.any(output[0] != output[1]), "the logits do not depend on the image"
