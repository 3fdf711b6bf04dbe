"""Inputs made up for a program: what its tables and axes have, and the engine runs on them."""

from __future__ import annotations

import embedding_cases
import indexing_cases
import numpy as np
import pytest
import recurrent_cases
from builders import FLOAT, one_operator

from octavo.program import Input, Operator, Program, Value, verify
from octavo.runtime import LoadedProgram
from octavo.runtime.sample_inputs import sample_inputs

INDEX = Value("int64")


def run(program: Program) -> list[np.ndarray]:
    """Return the inputs made for a program, on which it runs."""
    verify(program)
    arrays = sample_inputs(program)
    assert [(array.dtype, array.shape) for array in arrays] == [
        (np.dtype(given.dtype), given.shape) for given in program.inputs
    ]
    LoadedProgram(program, threads=1)(*arrays)
    return arrays


def test_ids_are_in_the_table():
    (ids,) = run(embedding_cases.embedding((50, 70), 9, True)[0])
    assert ids.min() == 0 and ids.max() == 36  # the table has 37 rows


def test_ids_that_are_moved_first_are_in_the_smaller_table():
    attributes = {"shape": (6,)}
    program = Program(
        inputs=(Input("ids", "int64", (2, 3)),),
        outputs=("a", "b"),
        values={"ids": INDEX, "flat": INDEX, "a": FLOAT, "b": FLOAT},
        operators=(
            Operator("reshape", "flatten", ("ids",), ("flat",), attributes),
            Operator("embedding", "large", ("ids",), ("a",), {}, {"weight": "large"}),
            Operator("embedding", "small", ("flat",), ("b",), {}, {"weight": "small"}),
        ),
        constants={"large": np.zeros((100, 4), np.float32), "small": np.zeros((2, 4), np.float32)},
        output_structure=[0, 1],
    )
    (ids,) = run(program)
    assert set(ids.flat) <= {0, 1}


@pytest.mark.parametrize("kind", ["take", "gather"])
def test_indices_are_in_the_axis(kind):
    _, index = run(getattr(indexing_cases, kind)((9, 9), 1, (5, 7))[0])
    assert index.min() >= 0 and index.max() <= 8


def test_offsets_of_bags_rise_from_0():
    ids, offsets = run(embedding_cases.embedding_bag((13,), 9, True, "sum", (0, 5, 9))[0])
    assert offsets.tolist() == [0, 4, 8] and ids.max() < 37


def test_a_mask_hides_nothing():
    (mask,) = run(one_operator("cast", [np.zeros((2, 5), np.int64)], [INDEX], FLOAT, {"function": "not_zero"})[0])
    assert mask.tolist() == [[1] * 5] * 2


def test_lengths_are_whole():
    *_, lengths = run(recurrent_cases.recurrent("lstm", times=4, n=3, inputs=5, hidden=6, lengths=True)[0])
    assert lengths.tolist() == [4, 4, 4]


def test_bytes_take_all_values():
    (x,) = run(one_operator("dequantize", [np.zeros(5000, np.int8)], [Value("int8", 0.5, 3)], FLOAT)[0])
    assert (x.min(), x.max()) == (-128, 127)
