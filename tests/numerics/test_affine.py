import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from octavo.numerics import Qparams, choose_qparams, dequantize, quantize
from octavo.program import Input, Operator, Program, Value, reference

_REALS = arrays(np.float32, st.integers(1, 40), elements=st.floats(-1e4, 1e4, width=32))
_SCALES = st.floats(2.0**-20, 2.0**10, width=32)


def _qparams(scale: float, zero_point: int, dtype: str = "uint8") -> Qparams:
    low = 0 if dtype == "uint8" else -128
    return Qparams(torch.tensor(scale), torch.tensor(zero_point + low, dtype=torch.int32), low, low + 255, dtype)


def _through_program(x: np.ndarray, qparams: Qparams) -> list[np.ndarray]:
    value = Value(qparams.dtype, qparams.scale.item(), int(qparams.zero_point))
    operators = (
        Operator("quantize", "q", ("x",), ("q",), {"clamp_min": qparams.quant_min, "clamp_max": qparams.quant_max}),
        Operator("dequantize", "d", ("q",), ("d",)),
    )
    values = {"x": Value("float32"), "q": value, "d": Value("float32")}
    program = Program((Input("x", "float32", x.shape),), ("q", "d"), values, operators, output_structure=[0, 1])
    return reference.run(program, [x])


@given(_REALS, _SCALES, st.integers(0, 255), st.sampled_from(["uint8", "int8"]))
def test_equals_the_program(x, scale, zero_point, dtype):
    qparams = _qparams(scale, zero_point, dtype)
    q = quantize(torch.from_numpy(x), qparams)
    expected_q, expected_x = _through_program(x, qparams)
    np.testing.assert_array_equal(q.numpy(), expected_q, strict=True)
    np.testing.assert_array_equal(dequantize(q, qparams).numpy(), expected_x, strict=True)


def test_equals_the_program_at_ties_and_extremes():
    scale = 0.1
    steps = np.arange(-400, 400, dtype=np.float32) * np.float32(0.5) * np.float32(scale)
    extremes = np.array([np.nan, np.inf, -np.inf, 3.4e38, -3.4e38, 1e-45, -0.0], np.float32)
    x = np.concatenate([steps, np.nextafter(steps, np.float32(np.inf)), extremes])
    for zero_point in (0, 1, 128, 255):
        qparams = _qparams(scale, zero_point)
        q = quantize(torch.from_numpy(x), qparams)
        np.testing.assert_array_equal(q.numpy(), _through_program(x, qparams)[0], strict=True)
        assert q[len(steps) * 2].item() == 0  # NaN


@given(_REALS, st.sampled_from(["per_tensor_affine", "per_tensor_symmetric"]), st.sampled_from(["uint8", "int8"]))
def test_error_is_half_a_step_in_range(x, qscheme, dtype):
    qparams = choose_qparams(float(x.min()), float(x.max()), dtype, qscheme)
    error = np.abs(dequantize(quantize(torch.from_numpy(x), qparams), qparams).numpy().astype(np.float64) - x)
    # Rounding scale, its inverse, x·inv and the product with scale each add at most a relative 2^-24 of x.
    assert (error <= 0.5 * qparams.scale.item() + np.abs(x).astype(np.float64) * 2.0**-21).all()


@given(_SCALES, st.integers(0, 255), st.sampled_from(["uint8", "int8"]))
def test_idempotent(scale, zero_point, dtype):
    qparams = _qparams(scale, zero_point, dtype)
    every = torch.arange(qparams.quant_min, qparams.quant_max + 1).to(getattr(torch, dtype))
    assert torch.equal(quantize(dequantize(every, qparams), qparams), every)


@given(_REALS, _SCALES, st.integers(0, 255))
def test_monotone(x, scale, zero_point):
    q = quantize(torch.from_numpy(np.sort(x)), _qparams(scale, zero_point)).int()
    assert bool((q.diff() >= 0).all())


@given(arrays(np.float32, (3, 4, 5), elements=st.floats(-100, 100, width=32)), _SCALES, st.integers(-3, 2))
def test_per_channel_equals_per_tensor_with_equal_scales(x, scale, axis):
    per_tensor = _qparams(scale, 128, "int8")
    channels = x.shape[axis]
    per_channel = Qparams(
        torch.full((channels,), scale), torch.zeros(channels, dtype=torch.int32), -128, 127, "int8",
        "per_channel_affine", axis,
    )  # fmt: skip
    q = quantize(torch.from_numpy(x), per_tensor)
    assert torch.equal(quantize(torch.from_numpy(x), per_channel), q)
    assert torch.equal(dequantize(q, per_channel), dequantize(q, per_tensor))


def test_other_floats_are_converted_to_float32():
    qparams, x = _qparams(0.1, 7), torch.tensor([0.25, -0.35, 1.0])
    assert torch.equal(quantize(x.double(), qparams), quantize(x, qparams))
    assert torch.equal(quantize(x.bfloat16(), qparams), quantize(x.bfloat16().float(), qparams))


@pytest.mark.parametrize(("rounding", "expected"), [("floor", [9, 11]), ("ceil", [10, 12]), ("nearest_even", [10, 11])])
def test_other_roundings(rounding, expected):
    assert quantize(torch.tensor([-0.125, 0.3125]), _qparams(0.25, 10), rounding).tolist() == expected


def test_refuses_what_does_not_fit():
    per_channel = choose_qparams(torch.zeros(3), torch.ones(3), "int8", "per_channel_symmetric")
    with pytest.raises(ValueError, match=r"scale has 3 entries, .* has 4 channels \(ch_axis=0\)"):
        quantize(torch.zeros(4, 2), per_channel)
    with pytest.raises(ValueError, match="expected a float dtype"):
        quantize(torch.zeros(4, dtype=torch.int32), _qparams(0.1, 3))
    with pytest.raises(ValueError, match=r"q is torch.int8, expected torch.uint8"):
        dequantize(torch.zeros(4, dtype=torch.int8), _qparams(0.1, 3))
    with pytest.raises(ValueError, match="remedy: quantize_bias"):
        quantize(torch.zeros(4), choose_qparams(-1.0, 1.0, "int32", "per_tensor_symmetric"))
