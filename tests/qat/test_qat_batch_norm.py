"""Batch norm that trains with the layer before it: frozen or not, channels that it switches off, transposed layers."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from tests.qat.qat_layers import NORMED, PER_CHANNEL, PER_TENSOR, Layer
from torch import nn

from octavo import eager
from octavo import fake_quantize as fq
from octavo.nn import intrinsic
from octavo.nn.intrinsic import qat as fused
from octavo.nn.intrinsic.qat import freeze_bn_stats, update_bn_stats


@pytest.fixture(params=NORMED)
def layer(request: pytest.FixtureRequest) -> Layer:
    return NORMED[request.param]


def _statistics(trained: Any) -> list[torch.Tensor]:
    return [trained.bn.running_mean.clone(), trained.bn.running_var.clone(), trained.bn.num_batches_tracked.clone()]


def test_frozen_statistics_stay_in_training(layer: Layer) -> None:
    _, trained = layer.pair()
    model = nn.Sequential(trained)
    trained(*layer.inputs())
    model.apply(freeze_bn_stats)
    model.train()
    before = _statistics(trained)
    trained(*layer.inputs(1)).square().sum().backward()
    assert all(torch.equal(*pair) for pair in zip(before, _statistics(trained), strict=True))
    assert trained.training and not trained.bn.training and bool(trained.bn.weight.grad.any())
    model.apply(update_bn_stats)
    trained(*layer.inputs(1))
    assert not any(torch.equal(*pair) for pair in zip(before, _statistics(trained), strict=True))


def test_frozen_it_computes_what_it_evaluates(layer: Layer) -> None:
    _, trained = layer.pair()
    trained(*layer.inputs())
    trained.freeze_bn_stats()
    y = trained(*layer.inputs(1))
    assert torch.equal(trained.eval()(*layer.inputs(1)), y)


def test_updating_waits_for_training(layer: Layer) -> None:
    _, trained = layer.pair()
    trained.freeze_bn_stats().eval().update_bn_stats()
    assert not trained.bn.training and trained.train().bn.training
    trained.reset_running_stats()
    assert not trained.bn.running_mean.any() and trained.bn.num_batches_tracked == 0


def test_frozen_from_the_start() -> None:
    conv = fused.ConvBn2d(3, 4, 3, freeze_bn=True, qconfig=PER_CHANNEL)
    linear = fused.LinearBn1d(3, 4, freeze_bn=True, qconfig=PER_CHANNEL)
    assert all(layer.train().freeze_bn and not layer.bn.training for layer in (conv, linear))


@pytest.mark.parametrize("qconfig", [PER_CHANNEL, PER_TENSOR], ids=["per channel", "per tensor"])
def test_channels_scaled_by_0_and_by_negative_numbers(layer: Layer, qconfig: Any) -> None:
    """Gamma of 0, −0, less than 0, and all but 0; without rounding, all is as with the float module."""
    module = layer.float_module(qconfig=qconfig)
    with torch.no_grad():
        module[1].weight[:5] = torch.tensor([0.0, -0.0, -1.3, 1e-20, -1e-20])
        module[1].bias[0] = 1  # on the side of a ReLU that learns
    trained = layer.trained.from_float(copy.deepcopy(module))
    plain = copy.deepcopy(trained)
    plain.apply(fq.disable_fake_quant)
    weights = torch.linspace(-1, 1, copy.deepcopy(module)(*layer.inputs()).numel())
    for each in (module, plain, trained):
        each.zero_grad()
        y = each(*layer.inputs(1))
        (y.flatten() * weights).sum().backward()
        assert bool(torch.isfinite(y).all()) and all(bool(torch.isfinite(p.grad).all()) for p in each.parameters())
    for name, gradient in (("weight", module[0].weight.grad), ("bn.weight", module[1].weight.grad)):
        torch.testing.assert_close(plain.get_parameter(name).grad, gradient, rtol=1e-4, atol=1e-4)
    # Per channel a channel that is switched off still learns to be switched on; per tensor its weight is all zeros.
    assert bool(trained.bn.weight.grad[0]) == (qconfig is PER_CHANNEL)
    for each in (plain, module):
        each.eval()
    torch.testing.assert_close(plain(*layer.inputs(2)), module(*layer.inputs(2)), rtol=1e-4, atol=1e-4)


def test_without_affine_parameters() -> None:
    module: Any = intrinsic.ConvBn2d(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, affine=False))
    module.qconfig = PER_CHANNEL
    trained = fused.ConvBn2d.from_float(module)
    trained(torch.randn(2, 3, 5, 5)).sum().backward()
    assert trained.bn.weight is None and bool(torch.isfinite(trained.weight.grad).all())


def test_refuses_a_batch_norm_without_statistics() -> None:
    module: Any = intrinsic.ConvBn2d(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False))
    module.qconfig = PER_CHANNEL
    with pytest.raises(ValueError, match=r"ConvBn2d: its batch norm keeps no running statistics.* Remedy: .*unfused"):
        fused.ConvBn2d.from_float(module)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_a_transposed_convolution_takes_its_batch_norm_in(axes: int, groups: int) -> None:
    """Its weight is [in, out / groups, …]: the batch norm scales axis 1, and each group has other channels there."""
    torch.manual_seed(axes)
    conv = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)[axes - 1]
    norm = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)[axes - 1](6)
    model = nn.Sequential(conv(4, 6, 3, stride=2, groups=groups, bias=axes != 2), norm).eval()
    with torch.no_grad():
        for tensor in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
            tensor.uniform_(0.5, 2)
    folded = eager.fuse_modules(model, ["0", "1"])
    x = torch.randn(2, 4, *[5, 4, 3][:axes])
    assert type(folded[1]) is nn.Identity
    torch.testing.assert_close(folded(x), model(x), rtol=1e-5, atol=1e-5)  # float32 sums of products scaled before
