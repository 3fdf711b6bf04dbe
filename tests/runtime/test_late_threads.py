"""Threads that the machine does not let run: results stay the same, and nobody waits for them."""

import os
import subprocess
import sys
import threading
from itertools import pairwise

import numpy as np
import pytest
from attention_cases import attention
from builders import Case, conv
from dynamic_cases import dynamic_linear
from recurrent_cases import recurrent

from octavo.program import Operator, Program, reference
from octavo.runtime import LoadedProgram

PATH = __file__.rpartition("/")[0]

COMPARE = """
import os, statistics, time
from test_late_threads import LoadedProgram, many_small_steps
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
program, arrays = many_small_steps()
loaded = LoadedProgram(program, threads=1)
times = {1: [], 2: []}
for _ in range(150):
    for threads, taken in times.items():
        before = time.perf_counter()
        loaded.run(arrays, threads)
        taken.append(time.perf_counter() - before)
print(statistics.median(times[2]) / statistics.median(times[1]))
"""


def many_small_steps(size: int = 20) -> Case:
    """One convolution, applied 60 times to images of size² pixels: about 10 microseconds each for 20²."""
    program, arrays = conv(x=(1, 32, size, size), oc=32, padding=1)
    (layer,), (given,) = program.operators, program.inputs
    names = [given.name, *(f"y{i}" for i in range(60))]
    layers = [
        Operator(layer.type, to, (before,), (to,), layer.attributes, layer.constants) for before, to in pairwise(names)
    ]
    values = dict.fromkeys(names, program.values[given.name])
    return Program(program.inputs, (names[-1],), values, tuple(layers), program.constants), arrays


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system pins no process to a processor")
def test_two_threads_on_one_processor_take_about_as_long_as_one():
    """With a barrier that each thread must reach, this was 5 to 15 times as long."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([PATH, *sys.path])}
    done = subprocess.run([sys.executable, "-c", COMPARE], env=environment, check=True, capture_output=True, text=True)
    assert float(done.stdout) < 2.5


CASES = {
    "conv": lambda: many_small_steps(5),
    "attention": lambda: attention(h=4, t=40, s=40, d=32),
    "dynamic linear": lambda: dynamic_linear(x=(40, 64), out=96),
    "lstm": lambda: recurrent("lstm"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_more_threads_than_processors_give_the_same_bits(case):
    """Two callers take turns, so that sections follow each other closely and threads come late to many of them."""
    program, arrays = case()
    expected = reference.run(program, arrays)
    loaded = LoadedProgram(program, threads=1)
    wrong: list[int] = []

    def call(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for threads in rng.integers(1, 7, 60):
            got = loaded.run(arrays, int(threads))
            if not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(got, expected, strict=True)):
                wrong.append(int(threads))

    callers = [threading.Thread(target=call, args=(seed,)) for seed in range(2)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert wrong == []
