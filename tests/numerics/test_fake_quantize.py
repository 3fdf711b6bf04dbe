import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from octavo.numerics import Qparams, choose_qparams, dequantize, fake_quantize, quantize

_QPARAMS = Qparams(torch.tensor(0.25), torch.tensor(10, dtype=torch.int32), 0, 20)


def _gradient(x: torch.Tensor, qparams: Qparams) -> torch.Tensor:
    x = x.clone().requires_grad_()
    weights = torch.arange(1.0, x.numel() + 1).view(x.shape).to(x.dtype)
    (fake_quantize(x, qparams) * weights).sum().backward()
    assert x.grad is not None
    return x.grad / weights


@given(
    arrays(np.float32, (2, 3, 4), elements=st.floats(-50, 50, width=32)),
    st.sampled_from(["per_tensor_affine", "per_tensor_symmetric", "per_channel_affine", "per_channel_symmetric"]),
    st.sampled_from(["uint8", "int8"]),
)
def test_equals_quantize_then_dequantize_and_the_gradient_is_zero_outside(x, qscheme, dtype):
    values = torch.from_numpy(x)
    low, high = (torch.tensor([-3.0, -1.0, 0.0]), torch.tensor([2.0, 5.0, 1.0]))
    if qscheme.startswith("per_tensor"):
        low, high = low[0], high[0]
    qparams = choose_qparams(low, high, dtype, qscheme, ch_axis=1)
    assert torch.equal(fake_quantize(values, qparams), dequantize(quantize(values, qparams), qparams))
    shape = (1, -1, 1) if qparams.ch_axis == 1 else ()
    scale, zero_point = (t.view(shape) for t in (qparams.scale, qparams.zero_point))
    steps = torch.round(values * (1 / scale.double()).float()) + zero_point
    inside = (steps >= qparams.quant_min) & (steps <= qparams.quant_max)
    assert torch.equal(_gradient(values, qparams), inside.float())


def test_edge_of_the_gradient():
    # Integers 0 to 20 around 10 in steps of 0.25 are -2.5 to 2.5; half a step beyond is a tie, which goes to the even.
    x = torch.tensor([-2.63, -2.625, -2.5, 0.0, 2.5, 2.625, 2.63, torch.nan, torch.inf])
    assert _gradient(x, _QPARAMS).tolist() == [0, 1, 1, 1, 1, 1, 0, 0, 0]
    assert fake_quantize(x, _QPARAMS).tolist() == [-2.5, -2.5, -2.5, 0, 2.5, 2.5, 2.5, -2.5, 2.5]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_float32(dtype):
    x = torch.linspace(-3, 3, 101).to(dtype)
    y = fake_quantize(x, _QPARAMS)
    assert y.dtype == dtype
    assert torch.equal(y, dequantize(quantize(x.float(), _QPARAMS), _QPARAMS).to(dtype))
    assert _gradient(x, _QPARAMS).dtype == dtype


def test_under_autocast():
    layer, x = torch.nn.Linear(4, 4), torch.randn(2, 4, generator=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = layer(x)
        faked = fake_quantize(y, _QPARAMS)
    assert y.dtype == torch.bfloat16
    assert torch.equal(faked, dequantize(quantize(y.detach().float(), _QPARAMS), _QPARAMS).bfloat16())
    faked.float().sum().backward()
    assert layer.weight.grad is not None and bool(layer.weight.grad.abs().sum() > 0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_same_bits_on_cuda():
    x = torch.randn(1000, generator=torch.Generator().manual_seed(3)) * 3
    there = Qparams(_QPARAMS.scale.cuda(), _QPARAMS.zero_point.cuda(), 0, 20)
    assert torch.equal(fake_quantize(x.cuda(), there).cpu(), fake_quantize(x, _QPARAMS))
