"""conv_transpose against plain loops, and against PyTorch."""

import builders
import naive
import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.nn import functional

from octavo.program import reference, verify

DTYPES = st.sampled_from(["uint8", "int8", "float32"])


@st.composite
def transposed_convs(draw):
    """A random transposed convolution in one to three dimensions."""
    axes = draw(st.integers(1, 3))

    def per_axis(low, high):
        return tuple(draw(st.integers(low, high)) for _ in range(axes))

    kernel, stride, dilation, size = per_axis(1, 3), per_axis(1, 3), per_axis(1, 3), per_axis(1, 3)
    padding = tuple(zip(per_axis(0, 4), per_axis(0, 4), strict=True))
    more = tuple(draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True))
    for n, k, s, d, p, m in zip(size, kernel, stride, dilation, padding, more, strict=True):
        assume((n - 1) * s - sum(p) + d * (k - 1) + m >= 0)
    groups = draw(st.integers(1, 3))
    dtype = draw(DTYPES)
    output = draw(DTYPES)
    low = -128 if output == "int8" else 0
    clamps = st.tuples(st.integers(low, low + 255), st.integers(low, low + 255)).map(sorted).map(tuple)
    return builders.conv_transpose(
        seed=draw(st.integers(0, 2**32)),
        x=(draw(st.integers(1, 2)), groups * draw(st.integers(1, 2)), *size),
        oc=groups * draw(st.integers(1, 2)),
        kernel=kernel,
        stride=stride,
        padding=padding,
        output_padding=more,
        dilation=dilation,
        groups=groups,
        dtype=dtype,
        zero_point=draw(st.integers(0, 255)),
        output=output,
        clamp=draw(st.none() | clamps) if "float32" not in (dtype, output) else None,
    )


@settings(deadline=None, max_examples=100)
@given(transposed_convs())
def test_conv_transpose_equals_loops(case):
    program, inputs = case
    verify(program)
    np.testing.assert_array_equal(reference.run(program, inputs)[0], naive.conv_transpose(program, inputs))


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("groups", [1, 2])
def test_conv_transpose_is_that_of_pytorch(axes, groups):
    program, (x,) = builders.conv_transpose(
        x=(2, 4, 3, 4, 5)[: 2 + axes], oc=6, kernel=(3, 2, 4)[:axes], stride=(2, 3, 1)[:axes], padding=1,
        output_padding=(1, 2, 0)[:axes], dilation=(1, 1, 2)[:axes], groups=groups, output="float32",
    )  # fmt: skip
    value, operator = program.values["x0"], program.operators[0]
    constants = {role: torch.from_numpy(program.constants[name]) for role, name in operator.constants.items()}
    scale = constants["weight_scale"].double().repeat(4 // groups, 1)  # of each output channel, for each input channel
    scale = scale.unflatten(1, (groups, -1)).transpose(0, 1).reshape(4, 6 // groups, *[1] * axes)
    expected = getattr(functional, f"conv_transpose{axes}d")(
        (torch.from_numpy(x).double() - value.zero_point) * value.scale,
        constants["weight"].double() * scale,
        constants["bias"].double() * value.scale * constants["weight_scale"].double(),
        operator.attributes["stride"],
        1,
        operator.attributes["output_padding"],
        groups,
        operator.attributes["dilation"],
    )
    (y,) = reference.run(program, [x])
    np.testing.assert_allclose(y, expected.numpy(), rtol=1e-5, atol=1e-5)


def test_float_sums_follow_the_elements_of_x():
    """2²⁴ + 1 + 1 stays 2²⁴ when each sum is rounded on its own, and in this order."""
    x = np.float32([[[2.0**24, 1.0, 1.0]]])
    constants = {"weight": np.ones((1, 1, 3), np.float32), "bias": np.float32([0.0])}
    attributes = {"stride": (1,), "padding": ((2, 2),), "output_padding": (0,), "dilation": (1,), "groups": 1}
    program, inputs = builders.one_operator(
        "conv_transpose", [x], [builders.FLOAT], builders.FLOAT, attributes, constants
    )
    assert reference.run(program, inputs)[0].tolist() == [[[2.0**24]]]
