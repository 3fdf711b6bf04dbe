"""Recurrent layers, and operators with several outputs in general: wrong programs and wrong files are refused."""

import copy
from dataclasses import replace
from functools import reduce

import numpy as np
import pytest
import raw_files
from builders import FLOAT, quantized
from recurrent_cases import KINDS, X8, Y8, recurrent

from octavo.program import FormatError, Input, Program, Value, VerifyError, load, save, verify

LSTM, _ = recurrent("lstm", times=4, n=2, inputs=7, hidden=5, states=True)
GRU, _ = recurrent("gru", hidden=5)
RNN, _ = recurrent("rnn", hidden=5)

STATIC, _ = recurrent("lstm", times=4, n=2, inputs=7, hidden=5, states=True, x=X8, y=Y8)
GIVEN, _ = recurrent("gru", hidden=5, given=True)
PROJECTED, _ = recurrent("lstm", inputs=7, hidden=6, proj=3, states=True)
LENGTHS, _ = recurrent("gru", hidden=5, n=2, lengths=True)


def operator(program: Program, **changes: object) -> Program:
    return replace(program, operators=(replace(program.operators[0], **changes),))


def edited(program: Program, role: str, array: np.ndarray) -> Program:
    return replace(program, constants={**program.constants, f"layer.{role}": array})


def at(program: Program, role: str, index: tuple[int, ...], number: float) -> Program:
    array = program.constants[f"layer.{role}"].copy()
    array[index] = number
    return edited(program, role, array)


def given(program: Program, index: int, shape: tuple[int, ...]) -> Program:
    inputs = list(program.inputs)
    inputs[index] = replace(inputs[index], shape=shape)
    return replace(program, inputs=tuple(inputs))


def value(program: Program, name: str, described: Value) -> Program:
    return replace(program, values={**program.values, name: described})


def retyped(program: Program, index: int, described: Value) -> Program:
    inputs = list(program.inputs)
    inputs[index] = replace(inputs[index], dtype=described.dtype)
    return value(replace(program, inputs=tuple(inputs)), inputs[index].name, described)


def without(program: Program, *roles: str) -> Program:
    constants = program.operators[0].constants
    return operator(program, constants={role: name for role, name in constants.items() if role not in roles})


ones = np.ones(20, np.float32)
WRONG = {
    "outputs-2": (operator(LSTM, outputs=("y", "h_n")), "got 2 outputs, expected 3"),
    "outputs-4": (operator(GRU, outputs=("y", "h_n", "more")), "got 3 outputs, expected 2"),
    "outputs-same": (operator(LSTM, outputs=("y", "h_n", "h_n")), "output 'h_n' is produced twice"),
    "output-is-input": (operator(LSTM, outputs=("y", "h_n", "x0")), "output 'x0' is produced twice"),
    "output-unknown": (operator(LSTM, outputs=("y", "h_n", "c")), "output 'c' is not one of the program's values"),
    "output-reads-itself": (operator(GRU, inputs=("x0", "h_n")), "input 'h_n' is not produced before it is used"),
    "output-int8": (value(LSTM, "c_n", quantized()), r"got float32, .* → float32, float32, uint8 .*, expected .* → "),
    "one-state": (operator(LSTM, inputs=("x0", "x1")),
                  r"got float32, float32 → .*, expected float32, \[float32, float32\], \[int64\] → .* or quantized, "),
    "too-many-states": (operator(LSTM, inputs=("x0", "x1", "x2", "x2")), "got float32, float32, float32, float32 →"),
    "x-rank": (given(LSTM, 0, (4, 7)), r"the input's shape is \[4, 7\]; the weight_ih \[20, 7\] takes \[t, n, 7\]"),
    "x-width": (given(LSTM, 0, (4, 2, 8)), r"the input's shape is \[4, 2, 8\]; .* takes \[t, n, 7\]"),
    "state-batch": (given(LSTM, 1, (3, 5)), r"a state has shape \[3, 5\]; \[n, hidden\] is \[2, 5\]"),
    "state-width": (given(LSTM, 2, (2, 7)), r"a state has shape \[2, 7\]; \[n, hidden\] is \[2, 5\]"),
    "state-rank": (given(LSTM, 1, (1, 2, 5)), r"a state has shape \[1, 2, 5\]"),
    "weight-rows": (edited(LSTM, "weight_ih", np.ones((15, 7), np.int8)), "bias has 20 .*; the weight_ih has 15"),
    "weight-square": (edited(LSTM, "weight_hh", np.ones((20, 20), np.int8)),
                      r"weight_ih has shape \[20, 7\]; 4 gates of 20 units \(weight_hh's axis 1\) have 80 rows"),
    "gru-gates": (edited(edited(GRU, "weight_hh", np.ones((20, 5), np.int8)), "weight_hh_scale", ones),
                  r"weight_hh has shape \[20, 5\]; 3 gates of 5 units .* have 15 rows"),
    "bias-length": (edited(GRU, "bias_hh", ones), r"bias_hh has shape \[20\]; 3 gates of 5 units"),
    "scale-length": (edited(GRU, "weight_hh_scale", ones), "weight_hh_scale 20; the weight_hh has 15 output channels"),
    "weight-128": (at(LSTM, "weight_hh", (3, 1), -128), r"constant weight_hh is -128 at \[3, 1\], expected -127"),
    "scale-0": (at(LSTM, "weight_ih_scale", (4,), 0), r"constant weight_ih_scale is 0.0 at \[4\]"),
    "scale-large": (at(LSTM, "weight_hh_scale", (4,), 200), r"weight_hh_scale is 200.0 at \[4\], 128 is the most"),
    "scale-nan": (at(GRU, "weight_hh_scale", (4,), np.nan), r"weight_hh_scale is nan at \[4\], expected finite"),
    "bias-inf": (at(GRU, "bias_ih", (4,), np.inf), r"bias_ih is inf at \[4\], expected finite"),
    "weight-dtype": (edited(RNN, "weight_hh", np.ones((5, 5), np.uint8)), "weight_hh .* is uint8 .* expected int8"),
    "constants": (operator(GRU, constants={**GRU.operators[0].constants, "bias": "layer.bias_ih"}), "got the constant"),
    "reverse": (operator(GRU, attributes={"reverse": 1}), "attribute 'reverse' is 1, expected true or false"),
    "reverse-missing": (operator(GRU, attributes={}), "attribute 'reverse' is missing"),
    "nonlinearity": (operator(RNN, attributes={"reverse": False, "nonlinearity": "gelu"}), "one of tanh, relu"),
    "nonlinearity-of-gru": (operator(GRU, attributes={"reverse": False, "nonlinearity": "tanh"}), "is unknown here"),
    "static-h0-scale": (retyped(STATIC, 1, quantized("uint8", 0.01, 128)),
                        r"input 'x1' is uint8 \(scale 0.0099.*output 'y' is uint8 .*; both must have the same dtype"),
    "static-h0-dtype": (retyped(STATIC, 1, quantized("int8", 0.0079, 128)), "input 'x1' is int8 .*; both must have"),
    "static-hn-zero-point": (value(STATIC, "h_n", replace(Y8, zero_point=3)), "output 'h_n' is uint8 .*zero_point 3.*, "
                             "output 'y' is .*; both must have the same"),
    "static-h0-float": (retyped(STATIC, 1, FLOAT), "got uint8 .*, float32, float32 → .*, expected .* or quantized, "),
    "static-c0": (retyped(STATIC, 2, Y8), "got uint8 .*, uint8 .*, uint8 .* → uint8"),
    "static-hn-float": (value(STATIC, "h_n", FLOAT), "→ uint8 .*, float32, float32, expected"),
    "static-cn": (value(STATIC, "c_n", Y8), "→ uint8 .*, uint8 .*, uint8 .*, expected"),
    "static-y-int32": (value(STATIC, "y", Value("int32")), "→ int32, "),
    "static-clamp": (operator(STATIC, attributes={"reverse": False, "clamp_min": 0}), "'clamp_min' is unknown here"),
    "static-ratio": (retyped(STATIC, 0, quantized("uint8", 2.0**80)), r"a ratio of its scales is .*2\^64\) is"),
    "static-small": (reduce(lambda p, name: value(p, name, replace(Y8, scale=2.0**-66)), ("x1", "y", "h_n"), STATIC),
                     "a ratio of its scales is 7.3.*e.19, "),
    "given-bias": (edited(operator(GIVEN, constants={**GIVEN.operators[0].constants, "bias_ih": "layer.bias_ih"}),
                          "bias_ih", ones[:15]), r"got the constants .*'bias_ih'.*, expected \['bias_hh'"),
    "given-width": (given(GIVEN, 0, (3, 2, 14)), r"the input's shape is \[3, 2, 14\]; .* without weight_ih takes .*15"),
    "given-quantized": (retyped(GIVEN, 0, X8), r"got the constants \['bias_hh', .*, expected \['bias_hh', 'bias_ih'"),
    "weight_ih-alone": (without(LSTM, "bias"), r"got the constants .*, expected \['bias', "),
    "gru-projection": (edited(operator(GRU, constants={**GRU.operators[0].constants, "weight_hr": "layer.weight_hr"}),
                              "weight_hr", np.ones((3, 5), np.int8)), "got the constants .*'weight_hr'"),
    "projection-scale-missing": (without(PROJECTED, "weight_hr_scale"), "got the constants .*, expected"),
    "projection-rows": (edited(edited(PROJECTED, "weight_hr", np.ones((4, 6), np.int8)), "weight_hr_scale", ones[:4]),
                        r"weight_hr has shape \[4, 6\]; weight_hh \[24, 3\] takes 3 numbers: it needs \[3, hidden\]"),
    "projection-units": (edited(PROJECTED, "weight_hr", np.ones((3, 5), np.int8)),
                         r"weight_ih has shape \[24, 7\]; 4 gates of 5 units \(weight_hr's axis 1\) have 20 rows"),
    "projection-scale-length": (edited(PROJECTED, "weight_hr_scale", ones), "weight_hr_scale 20; the weight_hr has 3"),
    "projection-128": (at(PROJECTED, "weight_hr", (1, 1), -128), r"constant weight_hr is -128 at \[1, 1\]"),
    "projection-scale-large": (at(PROJECTED, "weight_hr_scale", (1,), 200), "weight_hr_scale is 200.0 .*128 is the"),
    "projection-h0": (given(PROJECTED, 1, (2, 6)), r"a state has shape \[2, 6\]; \[n, proj\] is \[2, 3\]"),
    "projection-c0": (given(PROJECTED, 2, (2, 3)), r"a state has shape \[2, 3\]; \[n, hidden\] is \[2, 6\]"),
    "lengths-float": (retyped(LENGTHS, 1, FLOAT), r"a state has shape \[2\]; \[n, hidden\] is \[2, 5\]"),
    "lengths-int32": (retyped(LENGTHS, 1, Value("int32")), "got float32, int32 → "),
    "lengths-number": (given(LENGTHS, 1, (3,)), r"the lengths have shape \[3\]; \[n\] is \[2\]"),
    "lengths-rank": (given(LENGTHS, 1, (2, 1)), r"the lengths have shape \[2, 1\]; \[n\] is \[2\]"),
    "lengths-first": (operator(LENGTHS, inputs=("x1", "x0")), "got int64, float32 → "),
    "lengths-twice": (operator(LENGTHS, inputs=("x0", "x1", "x1")), "got float32, int64, int64 → "),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_programs_are_refused(name):
    program, message = WRONG[name]
    with pytest.raises(VerifyError, match=r"operator 'layer' \((lstm|gru|rnn)\): .*" + message):
        verify(program)


def test_a_weight_that_leaves_int32_is_refused():
    rows, depth = 1, 2**31 // (255 * 127) + 1
    program = replace(
        edited(edited(RNN, "weight_ih", np.full((5, depth), 127, np.int8)), "weight_ih_scale", ones[:5]),
        inputs=(Input("x0", "float32", (1, rows, depth)),),
    )
    with pytest.raises(VerifyError, match=r"output channel 0 can reach .* leaves int32"):
        verify(program)


@pytest.mark.parametrize("kind", KINDS)
def test_files_keep_every_output(kind, tmp_path):
    program, _ = recurrent(kind, states=True)
    save(program, tmp_path / "a")
    assert load(tmp_path / "a") == program


def test_files_with_wrong_outputs_are_refused(tmp_path):
    path = tmp_path / "a"
    save(LSTM, path)
    document, tensors = raw_files.read(path)
    for outputs in ([], ["y"], ["y", "h_n"], ["y", "h_n", "c_n", "y"], ["y", "y", "c_n"], ["y", "h_n", 3], "yhc", None):
        wrong = copy.deepcopy(document)
        wrong["operators"][0]["outputs"] = outputs
        raw_files.write(path, wrong, tensors)
        with pytest.raises(FormatError, match=r"output"):
            load(path)
