"""The gradients of a learned scale, against the paper's equations and against autograd."""

import math

import pytest
import torch

from octavo.numerics import choose_qparams, fake_quantize, fake_quantize_affine, learned_fake_quantize


def _x(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(7)) * 2


def _straight_through(x: torch.Tensor) -> torch.Tensor:
    return x + (x.round() - x).detach()


def _naive(x, scale, zero_point, low, high):
    """LSQ+ as autograd sees it: clamp, then round straight through."""
    zero = _straight_through(zero_point)
    return (_straight_through(torch.clamp(x / scale, low - zero, high - zero))) * scale


def test_scale_gradient_is_equation_3():
    # Q_N = 2, Q_P = 3, s = 0.5: v/s of -3, -1.75, 0.5, 1.25, 3, 4.
    v = torch.tensor([-1.5, -0.875, 0.25, 0.625, 1.5, 2.0])
    upstream = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    scale = torch.tensor(0.5, requires_grad=True)
    x = v.clone().requires_grad_()
    y = learned_fake_quantize(x, scale, torch.tensor(0.0), -2, 3, levels=3)
    assert y.tolist() == [-1.0, -1.0, 0.0, 0.5, 1.5, 1.5]
    y.backward(upstream)
    by_hand = torch.tensor([-2.0, -2 + 1.75, 0 - 0.5, 1 - 1.25, 3.0, 3.0])
    assert scale.grad is not None and x.grad is not None
    assert scale.grad.item() == pytest.approx((by_hand * upstream).sum().item() / math.sqrt(6 * 3), rel=1e-6)
    assert x.grad.tolist() == [0.0, 2.0, 3.0, 4.0, 0.0, 0.0]  # equation 5


@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("limits", [(0, 255), (-127, 127), (0, 15)])
def test_equals_autograd_of_the_naive_formula(axis, limits):
    x = _x(3, 4, 5)
    shape = () if axis is None else (x.shape[axis],)
    view = shape if axis is None else [-1 if i == axis else 1 for i in range(3)]
    scale = torch.rand(shape, generator=torch.Generator().manual_seed(1)) * 0.05 + 0.015625
    zero = torch.full(shape, (limits[0] + limits[1]) / 2 + 0.3)
    leaves = [[t.to(dtype).clone().requires_grad_() for t in (x, scale, zero)] for dtype in (torch.float, torch.double)]
    upstream = _x(3, 4, 5)
    ours = learned_fake_quantize(*leaves[0], *limits, ch_axis=axis)
    naive = _naive(leaves[1][0], leaves[1][1].view(view), leaves[1][2].view(view), *limits)
    ours.backward(upstream)
    naive.backward(upstream.double())
    torch.testing.assert_close(ours, naive.float(), rtol=1e-6, atol=1e-6)
    for mine, other in zip(*leaves, strict=True):
        # x / s is a float32 number of up to 250 steps here, so that its distance to an integer is known to 2⁻¹⁷.
        torch.testing.assert_close(mine.grad, other.grad.float(), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_forward_is_fake_quantize(dtype):
    x = _x(50).to(dtype)
    x[3] = torch.nan
    qparams = choose_qparams(-1.0, 2.0)
    y = learned_fake_quantize(x, qparams.scale, qparams.zero_point.float(), 0, 255)
    assert torch.equal(y, fake_quantize(x, qparams)) and y.dtype == dtype


def test_refuses_integers_and_other_channels():
    with pytest.raises(ValueError, match=r"x is torch\.int64, expected a float dtype"):
        learned_fake_quantize(torch.arange(4), torch.tensor(1.0), torch.tensor(0.0), 0, 255)
    with pytest.raises(ValueError, match="scale has 3 entries, the tensor of shape"):
        fake_quantize_affine(_x(2, 4), torch.ones(3), torch.zeros(3, dtype=torch.int32), 0, 255, 1)
