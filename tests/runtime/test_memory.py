"""Values that share memory keep what lies around each of them."""

import numpy as np
import pytest
from builders import quantized

from octavo.program import Input, Operator, Program, reference
from octavo.runtime import LoadedProgram


@pytest.mark.parametrize("axis", [0, 1, 2, 3])
def test_a_convolution_reads_a_part_of_a_concat_within_a_concat(axis):
    """The zeros around `a` are not the other parts that lie beside it in memory."""
    rng = np.random.default_rng(0)
    constants = {"table": rng.permutation(256).astype(np.uint8)}

    def conv(name: str, x: str, channels: int, kernel: int) -> Operator:
        roles = {role: f"{name}.{role}" for role in ("weight", "bias", "weight_scale")}
        constants[roles["weight"]] = rng.integers(-127, 127, (channels, 3, kernel, kernel), dtype=np.int8)
        constants[roles["bias"]] = np.zeros(channels, np.int32)
        constants[roles["weight_scale"]] = np.full(channels, 0.01, np.float32)
        window = {"stride": (1, 1), "dilation": (1, 1), "padding": ((kernel // 2,) * 2,) * 2, "groups": 1}
        return Operator("conv", name, (x,), (name,), window, roles)

    names = ("x", "a", "b", "inner", "c", "outer", "y")
    program = Program(
        inputs=(Input("x", "uint8", (2, 3, 4, 5)),),
        outputs=("outer", "y"),
        values=dict.fromkeys(names, quantized()),
        operators=(
            Operator("table", "a", ("x",), ("a",), {}, {"table": "table"}),
            conv("b", "x", 3, 1),
            Operator("concat", "inner", ("b", "a"), ("inner",), {"axis": 1}),
            conv("c", "x", 6, 1),
            Operator("concat", "outer", ("inner", "c"), ("outer",), {"axis": axis}),
            conv("y", "a", 4, 3),
        ),
        constants=constants,
        output_structure=[0, 1],
    )
    x = rng.integers(0, 256, (2, 3, 4, 5), dtype=np.uint8)
    for got, want in zip(LoadedProgram(program)(x), reference.run(program, [x]), strict=True):
        np.testing.assert_array_equal(got, want)
