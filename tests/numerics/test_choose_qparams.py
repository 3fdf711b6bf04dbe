import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from octavo.numerics import DEFAULT_EPS, choose_qparams, dequantize, quantize

_BOUNDS = st.floats(-(2.0**100), 2.0**100, width=32)
_SCHEMES = ["per_tensor_affine", "per_tensor_symmetric"]


def test_affine_by_hand():
    qparams = choose_qparams(-1.0, 4.1, "uint8")
    assert qparams.scale.item() == torch.tensor(5.1 / 255).item()
    assert qparams.zero_point.item() == 50
    assert (qparams.quant_min, qparams.quant_max, qparams.ch_axis) == (0, 255, None)


def test_symmetric_by_hand():
    weight = choose_qparams(-2.54, 1.0, "int8", "per_tensor_symmetric")
    assert weight.scale.item() == torch.tensor(2.54 / 127).item()
    assert (weight.zero_point.item(), weight.quant_min, weight.quant_max) == (0, -127, 127)
    assert choose_qparams(-1.0, 2.54, "uint8", "per_tensor_symmetric").zero_point.item() == 128


@pytest.mark.parametrize(("low", "high", "widened"), [(2.0, 5.0, (0.0, 5.0)), (-5.0, -2.0, (-5.0, 0.0))])
def test_range_is_widened_to_hold_zero(low, high, widened):
    qparams, expected = choose_qparams(low, high), choose_qparams(*widened)
    assert qparams.scale == expected.scale and qparams.zero_point == expected.zero_point
    assert qparams.zero_point.item() == (0 if low > 0 else 255)


@pytest.mark.parametrize("qscheme", _SCHEMES)
def test_all_zero_gets_scale_one(qscheme):
    qparams = choose_qparams(0.0, 0.0, "int8", qscheme)
    assert qparams.scale.item() == 1.0
    assert dequantize(quantize(torch.zeros(3), qparams), qparams).tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("value", [3.0, -3.0, 1e-30, 1e37])
def test_constant_is_kept(value):
    qparams = choose_qparams(value, value)
    restored = dequantize(quantize(torch.tensor([value, 0.0]), qparams), qparams)
    assert restored[1] == 0.0
    if abs(value) > DEFAULT_EPS:
        assert math.isclose(restored[0].item(), value, rel_tol=1e-6)


def test_least_scale_is_eps():
    assert choose_qparams(0.0, 1e-30).scale.item() == DEFAULT_EPS
    assert choose_qparams(0.0, 1e-3, eps=0.25).scale.item() == 0.25


def test_per_channel_has_a_scale_each():
    low, high = torch.tensor([-1.0, 0.0, -3.0]), torch.tensor([1.0, 0.0, 2.0])
    qparams = choose_qparams(low, high, "int8", "per_channel_symmetric", ch_axis=1)
    alone = [choose_qparams(a, b, "int8", "per_tensor_symmetric").scale for a, b in zip(low, high, strict=True)]
    assert qparams.scale.tolist() == [scale.item() for scale in alone]
    assert qparams.ch_axis == 1


@given(_BOUNDS, _BOUNDS, st.sampled_from(["uint8", "int8"]), st.sampled_from(_SCHEMES))
def test_zero_is_exact_and_the_range_is_covered(a, b, dtype, qscheme):
    low, high = min(a, b), max(a, b)
    qparams = choose_qparams(low, high, dtype, qscheme)
    zero = torch.zeros(1)
    assert quantize(zero, qparams).item() == qparams.zero_point.item()
    assert dequantize(quantize(zero, qparams), qparams).item() == 0.0
    ends = torch.tensor([low, high])
    error = (dequantize(quantize(ends, qparams), qparams).double() - ends.double()).abs()
    # Half a step because zero_point is rounded, and a few float32 roundings of numbers as large as the ends.
    assert bool((error <= 0.5 * qparams.scale.double() + ends.double().abs() * 2.0**-21).all())


@pytest.mark.parametrize(("low", "high"), [(1.0, 0.0), (math.nan, 1.0), (0.0, math.inf), (-math.inf, 0.0)])
def test_refuses_what_is_no_range(low, high):
    with pytest.raises(ValueError, match="expected finite bounds with min_val <= max_val"):
        choose_qparams(low, high)


def test_error_names_the_channel():
    with pytest.raises(ValueError, match="range of channel 1"):
        choose_qparams(torch.tensor([0.0, 2.0]), torch.tensor([1.0, 1.0]), "int8", "per_channel_symmetric")
