"""Checks the numbers of an operator: its constants, and that no executor can leave int32 or float32."""

from __future__ import annotations

import math
from typing import Any, NoReturn

import numpy as np

from octavo.program.errors import VerifyError
from octavo.program.recurrent_shapes import RECURRENT
from octavo.program.schema import INT32, Form
from octavo.program.transposed import by_output_channel
from octavo.program.types import QUANT_RANGE, Operator, Program, Value

# The largest ratio of scales. A product of it and any int32 stays in float32, so that no Inf − Inf can arise.
MAX_MULTIPLIER = 2.0**64
# The largest weight_scale of a dynamic layer. A row's scale is at most 2¹²⁸ / 255: their product stays in float32.
MAX_DYNAMIC_WEIGHT_SCALE = 128.0
_REAL = Value("float32")


def is_finite_float32(number: Any) -> bool:
    """Tell whether a Python number is finite once rounded to float32."""
    if type(number) not in (int, float):
        return False
    limit = 3.4028235677973366e38  # the midpoint between the largest float32 and 2¹²⁸: from here on it rounds to Inf
    return -limit < number < limit


def is_float32(number: Any) -> bool:
    """Tell whether a number is a Python float that is exactly a finite float32."""
    return type(number) is float and is_finite_float32(number) and float(np.float32(number)) == number


def check_numbers(operator: Operator, form: Form, program: Program) -> None:
    """Check the values of an operator's constants and the ratios of its scales.

    Weights lie in [−127, 127], float constants are finite, weight scales positive, every multiplier at most 2⁶⁴, and
    `|bias| + Σ|w| · max(q_max − z_x, z_x − q_min)` stays in int32, without a bias that is float32; where x is quantized
    as it arrives, whose z_x may be any, `255 · Σ|w|`.

    Raises:
        VerifyError: naming the operator, the constant and the channel.
    """
    where = f"operator '{operator.name}' ({operator.type})"
    constants = {role: program.constants[name] for role, name in operator.constants.items()}
    for role, array in constants.items():
        if array.dtype == np.float32 and not np.isfinite(array).all():
            _fail(where, role, array, ~np.isfinite(array), "expected finite numbers")
    inputs = [program.values[name] for name in operator.inputs]
    output = program.values[operator.outputs[0]]
    for role in constants:
        if f"{role}_scale" in constants:
            x = _REAL if role == "weight_hr" else output if role == "weight_hh" else inputs[0]
            _check_weights(where, _by_output_channel(where, operator, constants), role, x)
    for ratio in _ratios(operator, inputs, output, constants):
        if not ratio <= MAX_MULTIPLIER:
            raise VerifyError(f"{where}: a ratio of its scales is {ratio:g}, {MAX_MULTIPLIER:g} (2^64) is the most")


def _by_output_channel(where: str, operator: Operator, constants: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    if operator.type != "conv_transpose":
        return constants
    weight, groups = constants["weight"], operator.attributes["groups"]
    if len(weight) % groups:
        raise VerifyError(f"{where}: the weight's {len(weight)} input channels do not divide into groups={groups}")
    return {**constants, "weight": by_output_channel(weight, groups)}


def _check_weights(where: str, constants: dict[str, np.ndarray], role: str, x: Value) -> None:
    weight, scale = constants[role], constants[f"{role}_scale"]
    # A recurrent layer's biases are held to its shapes.
    bias = scale if role.startswith("weight_h") else constants.get("bias", scale)
    if weight.min() < -127:
        _fail(where, role, weight, weight < -127, "expected -127 to 127")
    if scale.min() <= 0:
        _fail(where, f"{role}_scale", scale, scale <= 0, "expected numbers above 0")
    if len(bias) != len(weight) or len(scale) != len(weight):
        raise VerifyError(
            f"{where}: bias has {len(bias)} entries and {role}_scale {len(scale)}; the {role} has {len(weight)} output"
            " channels"
        )
    if x.zero_point is None and scale.max() > MAX_DYNAMIC_WEIGHT_SCALE:
        expected = f"{MAX_DYNAMIC_WEIGHT_SCALE:g} is the most in a dynamic layer; keep it in float"
        _fail(where, f"{role}_scale", scale, scale > MAX_DYNAMIC_WEIGHT_SCALE, expected)
    biases = np.abs(bias.astype(np.int64)) if bias.dtype == np.int32 else np.zeros(1, np.int64)
    if weight[0].size * 127 * _reach(x) + int(biases.max()) <= INT32:
        return  # whatever the weights are: most layers are this small
    worst = np.abs(weight).reshape(len(weight), -1).sum(axis=1, dtype=np.int64) * _reach(x) + biases
    channel = int(worst.argmax())
    if worst[channel] > INT32:
        raise VerifyError(
            f"{where}: output channel {channel} can reach ±{worst[channel]}, which leaves int32 (±{INT32});"
            " split the layer or keep it in float"
        )


def _reach(x: Value) -> int:
    """Return how far from its zero_point an input's integer can be."""
    if x.zero_point is None:  # quantized to uint8 as it arrives
        return 255
    quant_min, quant_max = QUANT_RANGE[x.dtype]
    return max(quant_max - x.zero_point, x.zero_point - quant_min)


def _ratios(operator: Operator, inputs: list[Value], output: Value, constants: dict[str, np.ndarray]) -> list[float]:
    """Return the largest of each kind of multiplier that the operator computes with."""
    scales = [value.scale for value in inputs if value.scale is not None]
    out = 1.0 if output.scale is None else output.scale
    if operator.type in ("conv", "conv_transpose", "linear"):
        return [s * float(constants["weight_scale"].max()) / out for s in scales[:1]] + [s / out for s in scales[1:]]
    if operator.type in ("mul", "matmul") and scales:
        return [math.prod(scales) / out]
    if operator.type == "attention":
        return [scales[0] * scales[1] * operator.attributes["scale"], scales[2] / out]
    if operator.type == "quantize":
        return [1.0 / out]
    if operator.type in RECURRENT:
        return _recurrent_ratios(inputs[0], output, constants)
    if operator.type in ("add", "avg_pool", "adaptive_avg_pool"):
        return [s / out for s in scales]
    return []


def _recurrent_ratios(x: Value, y: Value, constants: dict[str, np.ndarray]) -> list[float]:
    ratios = [] if y.scale is None else [1.0 / y.scale]
    for value, role in ((x, "weight_ih_scale"), (y, "weight_hh_scale")):
        if value.scale is not None:
            ratios.append(value.scale * float(constants[role].max()))
    return ratios


def _fail(where: str, role: str, array: np.ndarray, wrong: np.ndarray, expected: str) -> NoReturn:
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    raise VerifyError(f"{where}: constant {role} is {array[index]} at {list(index)}, {expected}")
