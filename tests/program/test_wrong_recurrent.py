"""Recurrent layers, and operators with several outputs in general: wrong programs and wrong files are refused."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import raw_files
from builders import quantized
from recurrent_cases import KINDS, recurrent

from octavo.program import FormatError, Input, Program, Value, VerifyError, load, save, verify

LSTM, _ = recurrent("lstm", times=4, n=2, inputs=7, hidden=5, states=True)
GRU, _ = recurrent("gru", hidden=5)
RNN, _ = recurrent("rnn", hidden=5)


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
    inputs[index] = Input(inputs[index].name, "float32", shape)
    return replace(program, inputs=tuple(inputs))


def value(program: Program, name: str, described: Value) -> Program:
    return replace(program, values={**program.values, name: described})


ones = np.ones(20, np.float32)
WRONG = {
    "outputs-2": (operator(LSTM, outputs=("y", "h_n")), "got 2 outputs, expected 3"),
    "outputs-4": (operator(GRU, outputs=("y", "h_n", "more")), "got 3 outputs, expected 2"),
    "outputs-same": (operator(LSTM, outputs=("y", "h_n", "h_n")), "output 'h_n' is produced twice"),
    "output-is-input": (operator(LSTM, outputs=("y", "h_n", "x0")), "output 'x0' is produced twice"),
    "output-unknown": (operator(LSTM, outputs=("y", "h_n", "c")), "output 'c' is not one of the program's values"),
    "output-reads-itself": (operator(GRU, inputs=("x0", "h_n")), "input 'h_n' is not produced before it is used"),
    "output-int8": (value(LSTM, "c_n", quantized()), r"got float32, .* → float32, float32, uint8 .*, expected .* → "),
    "one-state": (operator(LSTM, inputs=("x0", "x1")), "got float32, float32 → .*, expected float32 → .* or float32, "),
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
