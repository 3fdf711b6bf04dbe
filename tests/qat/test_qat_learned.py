"""Scales that are trained with the weights, from `prepare_qat` to the converted model."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tests.qat.qat_networks import prepared, unseen
from tests.tutorials import mobilenet
from torch import nn

from octavo import eager
from octavo.fake_quantize import LearnedFakeQuantize
from octavo.qconfig import default_lsq_qconfig, get_lsq_qat_qconfig


def _scales(model: Any) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in model.named_parameters() if name.endswith("quant.scale")}


@pytest.mark.parametrize("backend", ["x86", "qnnpack"])
def test_scales_are_parameters_before_the_optimizer_is_made(backend: str) -> None:
    model = prepared("ResNet", get_lsq_qat_qconfig(backend))
    learned = [module for module in model.modules() if isinstance(module, LearnedFakeQuantize)]
    assert len(_scales(model)) > 6 and len(learned) > len(_scales(model))
    for name, module in model.named_modules():
        if hasattr(module, "weight_fake_quant"):
            wanted = (len(module.weight),) if backend == "x86" else ()
            assert module.weight_fake_quant.scale.shape == wanted, name
            assert isinstance(module.weight_fake_quant.scale, nn.Parameter)
            assert isinstance(module.activation_post_process.scale, nn.Parameter)


@pytest.mark.parametrize("learn_zero_point", [False, True])
def test_training_moves_scales_and_lowers_the_loss(learn_zero_point: bool) -> None:
    model = prepared("ResNet", get_lsq_qat_qconfig(learn_zero_point=learn_zero_point))
    data = mobilenet.images(12, 16)
    mobilenet.train(model, data[:1], lr=0)
    first = {name: p.detach().clone() for name, p in model.named_parameters() if "activation_post_process" in name}
    weights = _scales(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(2):
        for x, y in data:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert sum(losses[-4:]) < 0.9 * sum(losses[:4])
    now = dict(model.named_parameters())
    assert all(bool((value != now[name]).any()) for name, value in (first | weights).items() if "scale" in name)
    points = [name for name in first if "zero_point" in name]
    assert bool(points) == learn_zero_point and any(bool(now[name] != first[name]) for name in points) == bool(points)
    model.eval()
    x = unseen(16)
    converted = eager.convert(model)
    assert torch.equal(converted(x), model(x))
    conv = converted.block1.conv1
    assert torch.equal(conv.weight_scale, now["block1.conv1.weight_fake_quant.scale"].abs())
    assert conv.scale == now["block1.conv1.activation_post_process.scale"].abs().item()


def test_the_default_is_per_channel() -> None:
    assert default_lsq_qconfig == get_lsq_qat_qconfig("x86")
    with pytest.raises(ValueError, match="get_lsq_qat_qconfig: got backend 'cpu', expected one of x86"):
        get_lsq_qat_qconfig("cpu")
