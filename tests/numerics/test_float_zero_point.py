"""The scheme whose zero_point is a real number: rows of an embedding."""

import pytest
import torch

from octavo.numerics import Qparams, choose_qparams, dequantize, fake_quantize, quantize

_SCHEME = "per_channel_affine_float_qparams"


def _rows() -> torch.Tensor:
    rows = torch.randn(6, 32, generator=torch.Generator().manual_seed(0)) * 0.3
    rows[1] += 5.0  # far from 0: an integer zero_point would waste most of the range
    rows[2] = 0.75
    return rows


def test_covers_each_row_from_its_least_to_its_greatest_value():
    rows = _rows()
    low, high = rows.aminmax(dim=1)
    qparams = choose_qparams(low, high, "uint8", _SCHEME, ch_axis=0)
    assert qparams.zero_point.dtype == torch.float32
    error = (dequantize(quantize(rows, qparams), qparams) - rows).abs().amax(dim=1)
    assert bool((error <= qparams.scale * 0.51).all())
    assert error[2].item() == 0.0 and qparams.scale[2].item() == 1.0
    q = quantize(rows, qparams)
    assert q[0].min() == 0 and q[0].max() == 255


def test_equals_the_peer():
    rows = _rows()
    low, high = rows.aminmax(dim=1)
    qparams = choose_qparams(low, high, "uint8", _SCHEME, ch_axis=0)
    peer = torch.ao.quantization.default_float_qparams_observer()
    peer(rows)
    scale, zero_point = peer.calculate_qparams()
    torch.testing.assert_close(qparams.scale, scale, rtol=1e-6, atol=0)
    torch.testing.assert_close(qparams.zero_point, zero_point, rtol=1e-5, atol=1e-5)


def test_fake_quantize_is_quantize_then_dequantize():
    rows = _rows().requires_grad_()
    low, high = rows.detach().aminmax(dim=1)
    qparams = choose_qparams(low * 0.5, high * 0.5 + 3, "uint8", _SCHEME, ch_axis=0)
    y = fake_quantize(rows, qparams)
    assert torch.equal(y, dequantize(quantize(rows.detach(), qparams), qparams))
    y.sum().backward()
    assert rows.grad is not None and 0 < rows.grad.sum() < rows.numel()


def test_refuses_an_integer_or_infinite_zero_point():
    with pytest.raises(ValueError, match=r"zero_point: got .* expected the scale's shape \(2,\), torch.float32"):
        Qparams(torch.ones(2), torch.zeros(2, dtype=torch.int32), 0, 255, "uint8", _SCHEME, 0)
    with pytest.raises(ValueError, match=r"zero_point: got .*inf.*, expected finite numbers"):
        Qparams(torch.ones(2), torch.tensor([0.0, torch.inf]), 0, 255, "uint8", _SCHEME, 0)
