"""Ids and offsets that point nowhere: the reference and the engine say the same, and nothing else is harmed."""

from dataclasses import replace

import embedding_cases
import indexing_cases
import numpy as np
import pytest
from builders import FLOAT, Case

from octavo import _core
from octavo.program import Operator, reference
from octavo.runtime import LoadedProgram

# An id, its place among ids [5, 7], and how the error says it.
WRONG_IDS = [(37, (2, 3)), (-1, (0, 0)), (2**63 - 1, (4, 6)), (-(2**63), (1, 0))]
# Offsets into 13 ids, and the first that is wrong.
WRONG_OFFSETS = [
    ((1, 3), 0), ((-1, 3), 0), ((0, 5, 4, 13), 2), ((0, 14), 1), ((0, -1, 5), 1), ((0, 2**63 - 1), 1), ((7,), 0),
    ((0, 3, 14, 2), 2),
]  # fmt: skip


def errors(case: Case, error: type[Exception]) -> set[str]:
    """Run a case everywhere; return what the errors say."""
    program, inputs = case
    with pytest.raises(error) as caught:
        reference.run(program, inputs)
    said = {str(caught.value)}
    for isa in _core.supported_isas():
        for threads in (1, 2):
            loaded = LoadedProgram(program, threads=threads, isa=isa)
            for _ in range(2):
                with pytest.raises(error) as caught:
                    loaded(*inputs)
                said.add(str(caught.value))
    return said


@pytest.mark.parametrize(("wrong", "place"), WRONG_IDS)
@pytest.mark.parametrize("mode", ["embedding", "sum", "max", "weighted_sum"])
@pytest.mark.parametrize("quantized", [True, False])
def test_an_id_outside_the_table(mode, wrong, place, quantized):
    kind = "embedding" if mode == "embedding" else "embedding_bag"
    settings = {} if mode == "embedding" else {"mode": mode}
    program, inputs = getattr(embedding_cases, kind)((5, 7), 9, quantized, **settings)
    inputs[0][place] = wrong
    inputs[0][4, 5] = wrong  # the first one is named
    (message,) = errors((program, inputs), IndexError)
    assert message == (
        f"operator 'layer' ({kind}): id {wrong} at {list(min(place, (4, 5)))} is not in its table of 37 rows, expected"
        " 0 to 36"
    )


@pytest.mark.parametrize("wrong", [9, -10, 2**63 - 1, -(2**63)])
@pytest.mark.parametrize("axis", [0, 1])
def test_an_index_outside_the_axis(wrong, axis):
    program, inputs = indexing_cases.take((9, 9), axis, (5, 7))
    inputs[1][2, 3] = inputs[1][4, 5] = wrong  # the first one is named
    (message,) = errors((program, inputs), IndexError)
    assert message == (
        f"operator 'layer' (take): index {wrong} at [2, 3] is not in axis {axis}, which has 9 elements, expected -9"
        " to 8"
    )


@pytest.mark.parametrize("wrong", [9, -1, 2**63 - 1, -(2**63)])
@pytest.mark.parametrize("axis", [0, 1])
def test_gather_takes_no_index_outside_the_axis(wrong, axis):
    program, inputs = indexing_cases.gather((9, 9), axis, (5, 7))
    inputs[1][2, 3] = inputs[1][4, 5] = wrong
    (message,) = errors((program, inputs), IndexError)
    assert message == (
        f"operator 'layer' (gather): index {wrong} at [2, 3] is not in axis {axis}, which has 9 elements, expected 0"
        " to 8"
    )


@pytest.mark.parametrize(("offsets", "index"), WRONG_OFFSETS)
def test_offsets_that_are_none(offsets, index):
    program, inputs = embedding_cases.embedding_bag((13,), 9, True, "sum", offsets)
    inputs[0][3] = 99  # what is said of ids counts only where the offsets are right
    (message,) = errors((program, inputs), ValueError)
    assert message == (
        f"operator 'layer' (embedding_bag): offsets[{index}] is {offsets[index]}, expected offsets that begin with 0,"
        " never fall and are at most 13, the number of ids"
    )


def test_a_wrong_run_leaves_nothing_behind():
    program, inputs = embedding_cases.embedding((5, 7), 9, True)
    expected = reference.run(program, inputs)[0]
    wrong = inputs[0].copy()
    wrong[1, 1] = -1
    loaded = LoadedProgram(program, threads=2)
    for _ in range(3):
        np.testing.assert_array_equal(loaded(inputs[0]), expected)
        with pytest.raises(IndexError, match=r"id -1 at \[1, 1\]"):
            loaded(wrong)
        with pytest.raises(IndexError, match=r"id -1 at \[1, 1\]"):
            loaded.profile(wrong, rounds=2)


def test_the_first_of_several_steps_is_named_each_time():
    """What a later step found does not come up again in the next run."""
    program, inputs = embedding_cases.embedding((5, 7), 9, True)
    (layer,) = program.operators
    second = Operator("embedding", "second", layer.inputs, ("z",), {}, layer.constants)
    both = replace(
        program, operators=(layer, second), values={**program.values, "z": FLOAT}, outputs=("y", "z"),
        output_structure=[0, 1],
    )  # fmt: skip
    wrong = inputs[0].copy()
    wrong[0, 0] = 40
    loaded = LoadedProgram(both, threads=2)
    with pytest.raises(IndexError, match="operator 'layer'"):
        loaded(wrong)
    y, z = loaded(inputs[0])
    np.testing.assert_array_equal(y, z)
