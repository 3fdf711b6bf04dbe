from __future__ import annotations

import numpy as np
from builders import FLOAT, one_operator

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


def test_counts_products_of_two_values():
    arrays = [np.zeros((2, 3, 4, 5), np.float32), np.zeros((3, 6, 5), np.float32)]
    program, _ = one_operator("matmul", arrays, [FLOAT, FLOAT], FLOAT, {"transpose_b": True})
    assert macs(program, infer_shapes(program, {})) == {"layer": 2 * 3 * 4 * 5 * 6}


def test_counts_both_products_of_attention():
    q, k, v = (np.zeros(shape, np.float32) for shape in ((2, 5, 24), (2, 7, 12), (2, 7, 16)))
    attributes = {"heads": 4, "kv_heads": 2, "scale": 1.0, "causal": False}
    program, _ = one_operator("dynamic_attention", [q, k, v], [FLOAT] * 3, FLOAT, attributes)
    assert macs(program, infer_shapes(program, {})) == {"layer": 2 * 4 * 5 * 7 * (6 + 8)}
