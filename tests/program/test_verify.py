"""The verifier: one wrong program after another, each refused with a message that says where."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from builders import FLOAT, quantized, unary_operator
from sample_programs import sample_program

from octavo.program import FormatError, Input, Symbol, Value, VerifyError, verify
from octavo.program.verify_numbers import is_finite_float32, is_float32

PROGRAM = sample_program()


def edit(index, **changes):
    """Return the sample program with an operator changed."""
    operators = list(PROGRAM.operators)
    operators[index] = replace(operators[index], **changes)
    return replace(PROGRAM, operators=tuple(operators))


def attribute(index, **changes):
    return edit(index, attributes={**PROGRAM.operators[index].attributes, **changes})


def value(name, *args):
    return replace(PROGRAM, values={**PROGRAM.values, name: Value(*args)})


def constant(name, array):
    return replace(PROGRAM, constants={**PROGRAM.constants, name: array})


def changed(name, index, number):
    array = PROGRAM.constants[name].copy()
    array[index] = number
    return constant(name, array)


def without(mapping, key):
    return {name: item for name, item in mapping.items() if name != key}


def inputs(*declared):
    return replace(PROGRAM, inputs=declared, symbols={})


def symbols(**more):
    return replace(PROGRAM, symbols={**PROGRAM.symbols, **more})


OPERATOR = r"operator 'conv' \(conv\): "
CONV = PROGRAM.operators[1]
WRONG = {
    "producer": (replace(PROGRAM, producer=""), "producer '': expected 1 to 512 printable characters"),
    "unknown-type": (edit(0, type="conv9"), r"operator 'image' \(conv9\): the operator type is unknown"),
    "operator-name-twice": (edit(0, name="conv"), "operator 'conv': the name is used twice"),
    "operator-name-empty": (edit(0, name=""), "operator name '': expected"),
    "operator-name-control": (edit(0, name="a\nb"), "operator name"),
    "operator-name-long": (edit(0, name="a" * 513), "operator name"),
    "order": (replace(PROGRAM, operators=PROGRAM.operators[::-1]), "input 'u' is not produced before it is used"),
    "unknown-input": (edit(1, inputs=("x", "none")), OPERATOR + "input 'none' is not produced"),
    "itself": (edit(1, inputs=("x", "c")), OPERATOR + "input 'c' is not produced"),
    "arity-low": (edit(1, inputs=()), OPERATOR + "got .* expected quantized, "),
    "arity-high": (edit(1, inputs=("x", "skip", "skip")), OPERATOR + "got uint8 .*, int8 .*, int8 .* expected"),
    "two-outputs": (edit(1, outputs=("c", "d")), OPERATOR + "got 2 outputs, expected 1"),
    "no-output": (edit(1, outputs=()), OPERATOR + "got 0 outputs"),
    "output-unknown": (edit(1, outputs=("other",)), OPERATOR + "output 'other' is not one of the program's values"),
    "output-twice": (edit(1, outputs=("x",)), OPERATOR + "output 'x' is produced twice"),
    "output-is-input": (edit(1, outputs=("image",)), OPERATOR + "output 'image' is produced twice"),
    "float-to-int8-conv": (edit(1, inputs=("image",)), OPERATOR + "got float32 → uint8"),
    "residual-to-float": (value("c", "float32"), OPERATOR + "got uint8 .*, int8 .* → float32, expected quantized"),
    "input-not-quantized": (value("skip", "int8"), OPERATOR + "got uint8 .*, int8 → uint8"),
    "qparams-differ": (value("f", "int8", 0.5, 0), r"'flatten' \(reshape\): input 'p' is int8 .* both must"),
    "qparams-dtype-differs": (value("f", "uint8", 0.5, 0), "both must have the same dtype"),
    "attribute-unknown": (attribute(1, speed=3), OPERATOR + "attribute 'speed' is unknown here"),
    "attribute-missing": (edit(1, attributes=without(CONV.attributes, "groups")), "attribute 'groups' is missing"),
    "stride-0": (attribute(1, stride=(0, 1)), OPERATOR + r"attribute 'stride' is \(0, 1\), expected a list"),
    "stride-huge": (attribute(1, stride=(2**31, 1)), "attribute 'stride'"),
    "stride-bool": (attribute(1, stride=(True, 1)), "attribute 'stride'"),
    "stride-float": (attribute(1, stride=(1.0, 1)), "attribute 'stride'"),
    "stride-number": (attribute(1, stride=1), "attribute 'stride'"),
    "stride-string": (attribute(1, stride="11"), "attribute 'stride'"),
    "stride-null": (attribute(1, stride=None), "attribute 'stride'"),
    "stride-numpy": (attribute(1, stride=(np.int64(1), 1)), "attribute 'stride'"),
    "stride-length": (attribute(1, stride=(1,)), r"stride has 1 entries; \[2, 3, 8, 8\] has 2 spatial axes"),
    "dilation-0": (attribute(1, dilation=(1, 0)), "attribute 'dilation'"),
    "dilation-wide": (attribute(1, dilation=(9, 1)), "a window of 19 elements is wider than the 10 elements"),
    "padding-negative": (attribute(1, padding=((-1, 1), (1, 1))), "attribute 'padding'"),
    "padding-flat": (attribute(1, padding=(1, 1)), "attribute 'padding'"),
    "padding-triple": (attribute(1, padding=((1, 1, 1), (1, 1))), "attribute 'padding'"),
    "padding-huge": (attribute(1, padding=((2**31 - 1,) * 2,) * 2), "4294967300"),
    "groups-0": (attribute(1, groups=0), "attribute 'groups'"),
    "groups-2": (attribute(1, groups=2), OPERATOR + "the input has 3 channels"),
    "clamp-order": (attribute(1, clamp_max=100), OPERATOR + "clamp_min is 120 and clamp_max 100, expected 0 <="),
    "clamp-range": (attribute(1, clamp_min=-1), OPERATOR + "clamp_min is -1"),
    "clamp-float": (attribute(1, clamp_min=0.5), "attribute 'clamp_min'"),
    "clamp-on-float": (attribute(5, clamp_min=0), r"'head' \(linear\): attribute 'clamp_min' is unknown here"),
    "clamp-min-nan": (attribute(6, min=math.nan), "attribute 'min' is nan"),
    "clamp-min-large": (attribute(6, min=1e39), "attribute 'min'"),
    "clamp-min-above-max": (attribute(6, max=-1), r"'limit' \(clamp\): min is -0.1, which is above max, -1"),
    "shape-symbol": (attribute(4, shape=("rows", -1)), "attribute 'shape'"),
    "shape-minus-2": (attribute(4, shape=(2, -2)), "attribute 'shape'"),
    "shape-0": (attribute(4, shape=(0, 2)), "attribute 'shape'"),
    "shape-fixed": (attribute(4, shape=(3, 5)), r"'flatten' \(reshape\): \[2, 4, 1, 1\] \(8 elements\) cannot"),
    "softmax-axis": (attribute(7, axis=2), r"'softmax' \(softmax\): axis is 2; \[2, 5\] has the axes 0 to 1"),
    "softmax-axis-negative": (attribute(7, axis=-1), "attribute 'axis'"),
    "constants-missing": (edit(1, constants=without(CONV.constants, "bias")), r"got the constants \['weight'"),
    "constants-more": (edit(1, constants={**CONV.constants, "more": "table"}), "got the constants"),
    "constant-unknown": (edit(1, constants={**CONV.constants, "bias": "b"}), "constant bias names the tensor 'b'"),
    "constant-dtype": (constant("conv.bias", np.zeros(4, np.int64)), "constant bias .* is int64 with 1 axes"),
    "constant-endian": (constant("conv.bias", np.zeros(4, ">i4")), "constant 'conv.bias': got >i4"),
    "constant-float64": (constant("conv.bias", np.zeros(4)), "constant 'conv.bias': got float64"),
    "constant-list": (constant("conv.bias", [0, 0, 0, 0]), "constant 'conv.bias': got list"),
    "constant-empty": (constant("conv.bias", np.zeros(0, np.int32)), r"constant 'conv.bias': has shape \[0\]"),
    "constant-rank": (constant("conv.weight", np.zeros((4, 27), np.int8)), "int8 with 2 axes, expected"),
    "constant-unused": (constant("more", np.zeros(4, np.int8)), "constant 'more': is used by no operator"),
    "constant-reserved": (constant("__metadata__", np.zeros(4, np.int8)), "safetensors keeps this name"),
    "weight-rank": (constant("conv.weight", np.zeros((4, 3, 3), np.int8)), r"the weight has shape \[4, 3, 3\]; 4 axes"),
    "weight-channels": (constant("conv.weight", np.zeros((4, 5, 3, 3), np.int8)), "with groups=1 takes 5"),
    "weight-128": (changed("conv.weight", (1, 2, 0, 1), -128), OPERATOR + r"constant weight is -128 at \[1, 2, 0, 1\]"),
    "weight-in": (constant("head.weight", np.zeros((5, 9), np.int8)), r"the input's shape is \[2, 4\]"),
    "bias-length": (constant("conv.bias", np.zeros(3, np.int32)), OPERATOR + "bias has 3 entries"),
    "scale-length": (constant("conv.weight_scale", np.ones(9, np.float32)), "weight_scale 9; the weight has 4 output"),
    "weight-scale-0": (changed("conv.weight_scale", 2, 0), OPERATOR + r"constant weight_scale is 0.0 at \[2\]"),
    "weight-scale-nan": (changed("conv.weight_scale", 2, np.nan), r"constant weight_scale is nan at \[2\]"),
    "weight-scale-inf": (changed("conv.weight_scale", 2, np.inf), r"constant weight_scale is inf at \[2\]"),
    "weight-scale-huge": (changed("conv.weight_scale", 2, 1e30), OPERATOR + "a ratio of its scales is .* is the most"),
    "int32-bound": (changed("conv.bias", 3, 2**31 - 1), OPERATOR + "output channel 3 can reach .* leaves int32"),
    "int32-bound-negative": (changed("conv.bias", 3, -(2**31)), OPERATOR + "output channel 3 can reach"),
    "table-dtype": (constant("table", np.zeros(256, np.int8)), "constant table .* is int8 with 1 axes, expected uint8"),
    "table-length": (constant("table", np.zeros(255, np.uint8)), r"the table has shape \[255\], \[256\] is needed"),
    "value-dtype": (value("logits", "float16"), "value 'logits': dtype is 'float16', expected one of float32"),
    "value-unhashable": (value("logits", ["float32"]), "value 'logits': dtype is"),
    "scale-zero": (value("x", "uint8", 0.0, 3), "value 'x': scale is 0.0, expected a finite float32 above 0"),
    "scale-negative": (value("x", "uint8", -0.5, 3), "value 'x': scale"),
    "scale-inf": (value("x", "uint8", math.inf, 3), "value 'x': scale"),
    "scale-nan": (value("x", "uint8", math.nan, 3), "value 'x': scale"),
    "scale-not-float32": (value("x", "uint8", 0.1, 3), "value 'x': scale is 0.1"),
    "scale-integer": (value("x", "uint8", 1, 3), "value 'x': scale is 1"),
    "scale-tiny": (value("x", "uint8", 2.0**-149, 3), "a ratio of its scales is .*, .* is the most"),
    "scale-on-float": (value("logits", "float32", 0.5, 0), "value 'logits': a float32 has no scale"),
    "scale-alone": (value("x", "uint8", 0.5), "value 'x': zero_point is None, expected 0 to 255"),
    "zero-point-alone": (value("x", "uint8", None, 3), "value 'x': scale is None"),
    "zero-point-low": (value("x", "uint8", 0.5, -1), "value 'x': zero_point is -1, expected 0 to 255"),
    "zero-point-high": (value("p", "int8", 0.5, 128), "value 'p': zero_point is 128, expected -128 to 127"),
    "zero-point-float": (value("x", "uint8", 0.5, 3.0), "value 'x': zero_point is 3.0"),
    "value-unused": (value("more", "float32"), "value 'more': is produced by no operator and is not an input"),
    "symbol-min": (symbols(batch=Symbol(0, None, 2)), "symbol 'batch': got Symbol"),
    "symbol-example": (symbols(height=Symbol(4, 8, 9)), "symbol 'height'"),
    "symbol-example-low": (symbols(height=Symbol(4, 8, 3)), "symbol 'height'"),
    "symbol-float": (symbols(batch=Symbol(1, None, 2.0)), "symbol 'batch'"),
    "symbol-huge": (symbols(batch=Symbol(1, 2**31, 1)), "symbol 'batch'"),
    "symbol-unused": (symbols(rows=Symbol()), "symbol 'rows': stands in no input's shape"),
    "symbol-missing": (replace(PROGRAM, symbols={"batch": Symbol()}), r"'image': shape\[2\] is 'height', which"),
    "input-size-0": (inputs(Input("image", "float32", (0,))), r"'image': shape\[0\] is 0"),
    "input-dtype": (inputs(Input("image", "int8", (1,))), "'image': dtype is 'int8', the"),
    "input-unknown": (inputs(Input("i", "int8", (1,))), "'i': dtype is 'int8', the value"),
    "input-twice": (replace(PROGRAM, inputs=PROGRAM.inputs + PROGRAM.inputs), "input 'image': the name is used twice"),
    "input-rank": (inputs(Input("image", "float32", (1,) * 7)), "shape has 7 axes"),
    "outputs-none": (replace(PROGRAM, outputs=()), "outputs: got none"),
    "outputs-unknown": (replace(PROGRAM, outputs=("none",)), "outputs: 'none' is produced by no operator"),
    "structure": (replace(PROGRAM, output_structure=0), "output_structure: places"),
}  # fmt: skip


def test_the_sample_is_right():
    verify(PROGRAM)


@pytest.mark.parametrize("name", WRONG)
def test_wrong_programs_are_refused(name):
    program, message = WRONG[name]
    expected = FormatError if name == "structure" else VerifyError
    with pytest.raises(expected, match=message):
        verify(program)


def test_shape_inference_uses_the_examples():
    with pytest.raises(VerifyError, match=re.escape("operator 'conv' (conv): the residual has shape [2, 4, 9, 8]")):
        verify(replace(PROGRAM, inputs=(PROGRAM.inputs[0], Input("skip", "int8", ("batch", 4, 9, 8)))))


@pytest.mark.parametrize(
    ("kind", "attributes", "message"),
    [
        ("unary", {"function": "cosine"}, "attribute 'function' is 'cosine', expected one of relu, "),
        ("unary", {"function": ["relu"]}, "attribute 'function'"),
        ("max_pool", {"kernel": (2,), "stride": (1,), "padding": ((2, 0),), "dilation": (1,), "ceil_mode": False},
         r"padding\[0\] is \[2, 0\]; it must be less than the window's 2 elements"),
        ("max_pool", {"kernel": (2,), "stride": (1,), "padding": ((0, 0),), "dilation": (1,), "ceil_mode": 1},
         "attribute 'ceil_mode' is 1, expected true or false"),
        ("adaptive_avg_pool", {"output_size": (0,)}, "attribute 'output_size'"),
        ("reduce", {"function": "median", "axis": 0, "keepdim": False}, "attribute 'function' is 'median', expected"),
        ("reduce", {"function": "sum", "axis": 3, "keepdim": True}, r"axis is 3; \[1, 3, 9\] has the axes 0 to 2"),
        ("reduce", {"function": "sum", "axis": -1, "keepdim": True}, "attribute 'axis'"),
        ("reduce", {"function": "sum", "axis": 0, "keepdim": 1}, "attribute 'keepdim' is 1, expected true or false"),
        ("log_softmax", {"axis": 3}, r"axis is 3; \[1, 3, 9\] has the axes 0 to 2"),
        ("cast", {"function": "value"}, r"got float32 → float32, expected int64 → float32"),
        ("permute", {"dims": (0, 1, 2, 3, 4, 5, 6)}, "attribute 'dims'"),
        ("slice", {"axis": 0, "start": 0, "end": 2**63, "step": 1}, "attribute 'end'"),
        ("slice", {"axis": 0, "start": 0, "end": 2, "step": 0}, "attribute 'step'"),
        ("slice", {"axis": 0, "start": None, "end": 2, "step": 1}, "attribute 'start'"),
    ],
)  # fmt: skip
def test_wrong_attributes_of_other_operators(kind, attributes, message):
    program, _ = unary_operator(kind, (1, 3, 9), FLOAT, **attributes)
    with pytest.raises(VerifyError, match=message):
        verify(program)


def test_every_kind_that_moves_values_keeps_their_type():
    program, _ = unary_operator("pad", (2, 3), quantized(), quantized("uint8", 0.5), padding=((0, 0), (1, 1)))
    with pytest.raises(VerifyError, match="both must have the same dtype, scale and zero_point"):
        verify(program)


def test_a_program_may_return_its_input():
    verify(replace(unary_operator("pad", (2,), FLOAT, padding=((0, 0),))[0], outputs=("x0",)))


def test_float32_numbers():
    largest = float(np.finfo(np.float32).max)
    assert is_float32(largest)
    assert is_float32(2.0**-149)
    assert is_finite_float32(largest * (1 + 2.0**-26))
    for number in (largest * (1 + 2.0**-24), 10**400, -math.inf, math.nan, True, "1", None):
        assert not is_finite_float32(number)
    assert not is_float32(0.1)
    assert not is_float32(1)
