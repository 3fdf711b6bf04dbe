"""What the verifier says of a transposed convolution that is wrong."""

from dataclasses import replace

import builders
import numpy as np
import pytest

from octavo.program import VerifyError, verify
from octavo.program.transposed import by_output_channel


@pytest.mark.parametrize("groups", [1, 2, 3])
def test_by_output_channel(groups):
    weight = np.arange(6 * 4 * 5).reshape(6, 4, 5)
    turned = by_output_channel(weight, groups)
    assert turned.shape == (4 * groups, 6 // groups, 5)
    for o, i in np.ndindex(turned.shape[:2]):
        np.testing.assert_array_equal(turned[o, i], weight[o // 4 * (6 // groups) + i, o % 4])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stride": (2,)}, "stride has 1 entries"),
        ({"stride": (0, 1)}, "attribute 'stride'"),
        ({"stride": (64, 65)}, "the product of the strides .* is 4160; 4096 is the most"),
        ({"output_padding": (2, 0)}, r"output_padding\[0\] is 2; it must be less"),
        ({"output_padding": (-1, 0)}, "attribute 'output_padding'"),
        ({"padding": ((6, 6), (0, 0))}, "leaves nothing of the output"),
        ({"groups": 3}, "the weight's 8 input channels do not divide into groups=3"),
        ({"groups": 2}, "bias has 8 entries and weight_scale 8; the weight has 16 output channels"),
        ({"kernel": (3, 3)}, "attribute 'kernel' is unknown"),
    ],
)
def test_wrong_attributes(changes, message):
    program, _ = builders.conv_transpose(stride=2)
    verify(program)
    operator = program.operators[0]
    wrong = replace(operator, attributes={**operator.attributes, **changes})
    with pytest.raises(VerifyError, match=message):
        verify(replace(program, operators=(wrong,)))


def test_channels_that_do_not_fit():
    program, _ = builders.conv_transpose()
    (given,) = program.inputs
    with pytest.raises(VerifyError, match="the input has 7 channels"):
        verify(replace(program, inputs=(replace(given, shape=(1, 7, 5, 5)),)))


def test_takes_no_residual():
    program, _ = builders.conv_transpose(oc=8, padding=1)
    (operator,) = program.operators
    with pytest.raises(VerifyError, match="expected quantized → quantized or"):
        verify(replace(program, operators=(replace(operator, inputs=("x0", "x0")),)))


def test_the_accumulator_stays_in_int32():
    program, _ = builders.conv_transpose(x=(1, 2, 1, 1), oc=2, kernel=(1, 1), groups=2, zero_point=0)
    worst = 2**31 - 1 - 127 * 255
    constants = dict(program.constants) | {"layer.weight": np.full((2, 1, 1, 1), 127, np.int8)}
    verify(replace(program, constants=constants | {"layer.bias": np.int32([worst, -worst])}))
    with pytest.raises(VerifyError, match="output channel 1 can reach"):
        verify(replace(program, constants=constants | {"layer.bias": np.int32([worst, -worst - 1])}))
