from __future__ import annotations

import numpy as np

from octavo.program import Input, Operator, Program, Value, infer_shapes
from octavo.report.macs import macs


def test_counts_a_grouped_strided_convolution():
    constants = {"w": np.zeros((8, 2, 3, 3), np.float32), "b": np.zeros(8, np.float32)}
    attributes = {"stride": [2, 2], "dilation": [1, 1], "padding": [[1, 1], [1, 1]], "groups": 2}
    program = Program(
        (Input("x", "float32", (1, 4, 10, 10)),),
        ("z",),
        {"x": Value("float32"), "y": Value("float32"), "z": Value("float32")},
        (
            Operator("conv", "c", ("x",), ("y",), attributes, {"weight": "w", "bias": "b"}),
            Operator("unary", "u", ("y",), ("z",), {"function": "relu"}),
        ),
        constants,
    )
    assert macs(program, infer_shapes(program, {})) == {"c": 8 * 5 * 5 * 2 * 9}


def test_counts_a_dynamic_linear_layer():
    constants = {
        "weight": np.zeros((6, 10), np.int8), "weight_scale": np.ones(6, np.float32), "bias": np.zeros(6, np.float32),
    }  # fmt: skip
    program = Program(
        (Input("x", "float32", (3, 4, 10)),),
        ("y",),
        {"x": Value("float32"), "y": Value("float32")},
        (Operator("dynamic_linear", "l", ("x",), ("y",), {}, {role: role for role in constants}),),
        constants,
    )
    assert macs(program, infer_shapes(program, {})) == {"l": 3 * 4 * 6 * 10}


def test_counts_what_each_input_of_a_transposed_convolution_gives():
    constants = {"w": np.zeros((4, 3, 2, 2), np.float32), "b": np.zeros(6, np.float32)}
    attributes = {
        "stride": [2, 2], "dilation": [1, 1], "padding": [[0, 0], [0, 0]], "output_padding": [0, 0], "groups": 2
    }  # fmt: skip
    program = Program(
        (Input("x", "float32", (1, 4, 5, 5)),),
        ("y",),
        {"x": Value("float32"), "y": Value("float32")},
        (Operator("conv_transpose", "t", ("x",), ("y",), attributes, {"weight": "w", "bias": "b"}),),
        constants,
    )
    assert macs(program, infer_shapes(program, {})) == {"t": 4 * 5 * 5 * 3 * 4}
