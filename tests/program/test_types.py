"""The data types."""

from dataclasses import replace

import numpy as np
from builders import quantized
from sample_programs import sample_program

from octavo.program import Input, Operator, Value, clamp_range


def test_sequences_become_tuples():
    operator = Operator("pad", "p", ["x"], ["y"], {"padding": [[0, 1], [2, 3]], "name": "text"})
    assert operator == Operator("pad", "p", ("x",), ("y",), {"padding": ((0, 1), (2, 3)), "name": "text"})
    assert Input("x", "float32", ["n", 3]).shape == ("n", 3)


def test_programs_are_equal_when_every_bit_is():
    program = sample_program()
    assert program == sample_program()
    assert program != sample_program(seed=1)
    assert program != replace(program, producer="other")
    assert program != "a program"
    for name, change in {
        "conv.weight": lambda array: array.reshape(3, 4, 3, 3),
        "conv.bias": lambda array: array.astype(np.int64),
        "conv.weight_scale": lambda array: -array,
    }.items():
        other = {**program.constants, name: change(program.constants[name])}
        assert program != replace(program, constants=other)
    assert program != replace(program, constants={**program.constants, "more": np.zeros(1, np.int8)})


def test_clamp_range_defaults_to_the_dtype():
    operator = Operator("add", "a", ("x", "x"), ("y",), {"clamp_min": 3})
    assert clamp_range(operator, quantized("uint8")) == (3, 255)
    assert clamp_range(Operator("add", "a", ("x", "x"), ("y",)), quantized("int8")) == (-128, 127)


def test_a_value_is_quantized_when_it_has_a_scale():
    assert quantized().is_quantized
    assert not Value("uint8").is_quantized
