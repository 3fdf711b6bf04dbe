import numpy as np
import pytest
import torch

from octavo.numerics import (
    accumulator_bound,
    choose_qparams,
    least_weight_scale,
    quantize,
    quantize_bias,
    raise_weight_scale,
    requantize,
    requantize_multiplier,
)
from octavo.program import Input, Operator, Program, Value, reference


def test_multiplier_is_rounded_once():
    x, w, y = (np.float32(s) for s in (0.0123, 0.0456, 0.0789))
    expected = np.float32(np.float64(x) * np.float64(w) / np.float64(y))
    assert requantize_multiplier(x, torch.tensor([w]), y).numpy() == expected


def test_linear_layer_equals_the_program():
    generator = torch.Generator().manual_seed(11)
    x, weight, bias = (torch.randn(s, generator=generator) for s in ((5, 64), (8, 64), (8,)))
    px = choose_qparams(x.min(), x.max())
    pw = choose_qparams(weight.amin(1), weight.amax(1), "int8", "per_channel_symmetric", ch_axis=0)
    y = x @ weight.T + bias
    py = choose_qparams(y.min(), y.max(), "int8")
    qx, qw = quantize(x, px), quantize(weight, pw)
    qb = quantize_bias(bias, px.scale, pw.scale)
    assert int(accumulator_bound(qw, qb, int(px.zero_point)).max()) < 2**31
    accumulator = (qx.int() - px.zero_point) @ qw.int().T + qb
    m = requantize_multiplier(px.scale, pw.scale, py.scale)
    got = requantize(accumulator.int(), m, int(py.zero_point), -100, 127, ch_axis=1)

    values = {
        "x": Value("uint8", px.scale.item(), int(px.zero_point)),
        "y": Value("int8", py.scale.item(), int(py.zero_point)),
    }
    constants = {"weight": qw.numpy(), "bias": qb.numpy(), "weight_scale": pw.scale.numpy()}
    operator = Operator(
        "linear", "fc", ("x",), ("y",), {"clamp_min": -100, "clamp_max": 127}, {role: role for role in constants}
    )
    program = Program((Input("x", "uint8", (5, 64)),), ("y",), values, (operator,), constants)
    np.testing.assert_array_equal(got.numpy(), reference.run(program, [qx.numpy()])[0])


def test_saturates_without_wrapping():
    accumulator = torch.tensor([-(2**31), 2**31 - 1, 0], dtype=torch.int32)
    assert requantize(accumulator, torch.tensor(1000.0), 5, 0, 255).tolist() == [0, 255, 5]


def test_ties_go_to_even():
    accumulator = torch.tensor([1, 3, 5, -1, -3], dtype=torch.int32)
    assert requantize(accumulator, torch.tensor(0.5), 0, -128, 127).tolist() == [0, 2, 2, 0, -2]


def test_bias_rounds_half_to_even():
    bias = torch.tensor([0.25, 0.75, -0.25, 1.0])
    assert quantize_bias(bias, 0.5, torch.tensor(1.0)).tolist() == [0, 2, 0, 2]


@pytest.mark.parametrize("value", [2.0, -2.0, float("nan"), float("inf")])
def test_bias_outside_of_int32_names_layer_and_channel(value):
    bias = torch.tensor([0.0, value])
    with pytest.raises(ValueError, match=r"layer 'fc': bias of channel 1 .* expected at most 2147483647 steps"):
        quantize_bias(bias, 1e-3, torch.tensor([1e-3, 1e-7]), "fc")


def test_least_weight_scale_makes_room():
    bias = torch.tensor([2.0, -1e-3, 0.0, 1e20])
    scale = torch.maximum(torch.full((4,), 1e-12), least_weight_scale(bias, 1e-3))
    q = quantize_bias(bias, 1e-3, scale)
    assert int(q.abs().max()) <= 2**30 + 2**6  # the scale is rounded to 24 bits
    torch.testing.assert_close(q.double() * 1e-3 * scale.double(), bias.double(), rtol=1e-6, atol=1e-12)


def test_bound_is_reached():
    weight = torch.tensor([[127, -127, 3], [0, 0, 0]], dtype=torch.int8)
    bias = torch.tensor([1000, -7], dtype=torch.int32)
    worst = torch.tensor([255, 0, 255]) - 100, torch.tensor([0, 255, 0]) - 100
    reached = max(abs(int((weight[0].long() * x).sum())) for x in worst)
    bound = accumulator_bound(weight, bias, 100)
    assert bound.tolist() == [257 * 155 + 1000, 7]
    assert reached <= 257 * 155
    assert accumulator_bound(weight, None, 0).tolist() == [257 * 255, 0]


def test_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match=r"multiplier: got 0\.0"):
        requantize_multiplier(1e-30, torch.tensor([1e-30]), 1.0)
    with pytest.raises(ValueError, match=r"accumulator is torch\.int64"):
        requantize(torch.zeros(2, 3, dtype=torch.int64), torch.ones(3), 0, 0, 255)
    with pytest.raises(ValueError, match=r"multiplier has 2 entries, the accumulator has 3 channels \(ch_axis=1\)"):
        requantize(torch.zeros(2, 3, dtype=torch.int32), torch.ones(2), 0, 0, 255)


def test_raising_a_scale_touches_only_the_channels_that_need_it():
    weight = torch.tensor([[100, -50, 1], [127, -3, 0]], dtype=torch.int8)
    scale, bias = torch.tensor([1e-12, 0.5]), torch.tensor([3.0, 3.0])
    raised_weight, raised = raise_weight_scale(weight, scale, bias, 1e-3)
    assert raised[0] == least_weight_scale(bias, 1e-3)[0]
    assert torch.equal(raised_weight[0], torch.round(weight[0] * (1e-12 / raised[0].double())).to(torch.int8))
    assert raised[1] == 0.5
    assert torch.equal(raised_weight[1], weight[1])
    assert raise_weight_scale(weight, scale, torch.zeros(2), 1e-3)[0] is weight
