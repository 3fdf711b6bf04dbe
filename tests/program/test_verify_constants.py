"""The verifier on float operators with constants: one wrong program after another."""

from dataclasses import replace

import numpy as np
import pytest
from operator_cases import operator_cases

from octavo.program import Program, Value, VerifyError, verify


def program_of(label: str) -> Program:
    """Return the program of a case of the catalogue."""
    (case,) = (case for case in operator_cases(label.partition("-")[0]) if case.id == label)
    return case.build()[0]


def edited(program: Program, role: str, array: np.ndarray) -> Program:
    """Return the program with a constant replaced."""
    return replace(program, constants={**program.constants, f"layer.{role}": array})


def attributes(program: Program, **changes: object) -> Program:
    """Return the program with attributes changed."""
    (operator,) = program.operators
    return replace(program, operators=(replace(operator, attributes={**operator.attributes, **changes}),))


def floats(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


LAYER = program_of("layer_norm-3-axes-of-3")  # of [4, 3, 2]
GROUP = program_of("group_norm-6-in-3-5x3")
PRELU = program_of("prelu-channels-2x5x7")
ELU = program_of("elu-1-1-1-17")
SOFTPLUS = program_of("softplus-1-20-17")
ROWS = program_of("embedding-uint8-dim4")
BAG = program_of("embedding_bag-uint8-sum-offsets")
WEIGHTED = program_of("embedding_bag-float32-weighted_sum-dim8")


def inputs(program: Program, *shapes: tuple[int, ...]) -> Program:
    """Return the program with inputs of other shapes."""
    changed = tuple(replace(given, shape=shape) for given, shape in zip(program.inputs, shapes, strict=True))
    return replace(program, inputs=changed)


def retyped(program: Program, name: str, dtype: str) -> Program:
    """Return the program with an input of another dtype."""
    changed = tuple(replace(i, dtype=dtype) if i.name == name else i for i in program.inputs)
    return replace(program, inputs=changed, values={**program.values, name: Value(dtype)})


WRONG = {
    "layer_norm-weight-length": (edited(LAYER, "weight", floats(6)), r"weight has shape \[6\]; the last 3 axes of "),
    "layer_norm-bias-length": (edited(LAYER, "bias", floats(1)), r"bias has shape \[1\]; .* need \[24\]"),
    "layer_norm-weight-rank": (edited(LAYER, "weight", floats(4, 3, 2)), "is float32 with 3 axes, expected float32"),
    "layer_norm-weight-dtype": (edited(LAYER, "weight", np.ones(24, np.int8)), "is int8 with 1 axes, expected float32"),
    "layer_norm-weight-nan": (edited(LAYER, "weight", floats(24) * np.nan), r"constant weight is nan at \[0\]"),
    "layer_norm-axes-0": (attributes(LAYER, axes=0), "attribute 'axes' is 0, expected an integer from 1 to 5"),
    "layer_norm-axes-4": (attributes(LAYER, axes=4), r"axes is 4; \[4, 3, 2\] has 3 axes"),
    "layer_norm-axes-6": (attributes(LAYER, axes=6), "attribute 'axes' is 6"),
    "layer_norm-eps-0": (attributes(LAYER, eps=0), "attribute 'eps' is 0, expected a number above 0"),
    "layer_norm-eps-tiny": (attributes(LAYER, eps=1e-60), "attribute 'eps' is 1e-60"),
    "layer_norm-eps-nan": (attributes(LAYER, eps=float("nan")), "attribute 'eps' is nan"),
    "layer_norm-eps-bool": (attributes(LAYER, eps=True), "attribute 'eps' is True"),
    "prelu-length": (edited(PRELU, "slope", floats(3)), r"slope has shape \[3\]; \[1\], or one for each channel"),
    "prelu-inf": (edited(PRELU, "slope", floats(5) * np.inf), r"constant slope is inf at \[0\]"),
    "elu-input-scale": (attributes(ELU, input_scale=0), "attribute 'input_scale' is 0, expected a number above 0"),
    "elu-alpha": (attributes(ELU, alpha=None), "attribute 'alpha' is None, expected a number"),
    "softplus-beta": (attributes(SOFTPLUS, beta=-1.0), "attribute 'beta' is -1.0"),
    "softplus-threshold": (attributes(SOFTPLUS, threshold=1e39), "attribute 'threshold' is 1e"),
    "embedding-scale": (edited(ROWS, "scale", floats(36)), r"scale has shape \[36\]; the weight has 37 rows: \[37\]"),
    "embedding-offset": (edited(ROWS, "offset", floats(4)), r"offset has shape \[4\]; the weight has 37 rows"),
    "embedding-offset-inf": (edited(ROWS, "offset", floats(37) * np.inf), r"constant offset is inf at \[0\]"),
    "embedding-weight-rank": (edited(ROWS, "weight", np.zeros(37, np.uint8)), "is uint8 with 1 axes, expected uint8"),
    "embedding-weight-int8": (edited(ROWS, "weight", np.zeros((37, 4), np.int8)), "is int8 with 2 axes"),
    "embedding-ids-rank": (inputs(ROWS, (1,) * 6), r"the ids' shape is \[1, 1, 1, 1, 1, 1\]; 1 to 5 axes are needed"),
    "embedding-ids-scalar": (inputs(ROWS, ()), r"the ids' shape is \[\]; 1 to 5 axes are needed"),
    "embedding-ids-int32": (retyped(ROWS, "x0", "int32"), "got int32 → float32, expected int64 → float32"),
    "embedding_bag-ids-rank": (inputs(BAG, (2, 13), (4,)), r"the ids' shape is \[2, 13\], the offsets' \[\[4\]\]"),
    "embedding_bag-offsets-rank": (inputs(BAG, (13,), (4, 1)), r"the offsets' \[\[4, 1\]\]"),
    "embedding_bag-offsets-float": (retyped(BAG, "x1", "float32"), "mode is 'sum' and its last input float32;"),
    "embedding_bag-mode": (attributes(BAG, mode="min"), "attribute 'mode' is 'min', expected one of sum, mean, max"),
    "embedding_bag-no-weights": (attributes(BAG, mode="weighted_sum"), "mode is 'weighted_sum' and its last"),
    "embedding_bag-weights": (attributes(WEIGHTED, mode="mean"), "mode is 'mean' and its last input float32"),
    "embedding_bag-weights-shape": (inputs(WEIGHTED, (5, 7), (5, 8)), r"the weights' shape is \[5, 8\]; the ids have"),
    "embedding_bag-no-offsets": (inputs(WEIGHTED, (5,), (5,)), r"the ids' shape is \[5\], the offsets' \[\]"),
    "group_norm-groups": (attributes(GROUP, groups=4), r"the channels \(axis 1\) of \[2, 6, 5, 3\] do not divide"),
    "group_norm-groups-0": (attributes(GROUP, groups=0), "attribute 'groups' is 0"),
    "group_norm-weight-length": (edited(GROUP, "weight", floats(3)), r"weight has shape \[3\]; the channels"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_programs_are_refused(name):
    program, message = WRONG[name]
    with pytest.raises(VerifyError, match=r"operator 'layer' \(" + name.partition("-")[0] + r"\): .*" + message):
        verify(program)
