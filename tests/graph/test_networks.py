"""Whole networks at reduced size: everything in int8, and near to float."""

from __future__ import annotations

import pytest
import torch
from benchmarks.networks import models
from small_networks import image, in_float, operators, quantize, sqnr_of

from octavo.demo.network import pretrained

SIZE = 96
FLOORS = {"resnet18": 34, "mobilenet_v2": 34, "shufflenet_v2_x1_0": 41}
"""dB, 3 below what was measured."""


@pytest.mark.parametrize("name", FLOORS)
def test_torchvision(name):
    model = models.build(name)
    x = image(4, height=SIZE, width=SIZE)
    conversion = quantize(model, x)
    assert in_float(conversion) == {}
    assert sqnr_of(conversion, model, x[:2]) > FLOORS[name]
    kinds = [kind for kind, _ in operators(conversion)]
    assert kinds.count("quantize") == 1 and "dequantize" not in kinds and "table" not in kinds
    layers = [module for module in model.modules() if isinstance(module, torch.nn.Conv2d | torch.nn.Linear)]
    assert kinds.count("conv") + kinds.count("linear") == len(layers)


def test_resnet_fuses_every_sum_and_shufflenet_recognizes_every_shuffle():
    x = image(2, height=SIZE, width=SIZE)
    assert "add" not in dict(operators(quantize(models.build("resnet18"), x)))
    kinds = [kind for kind, _ in operators(quantize(models.build("shufflenet_v2_x1_0"), x))]
    assert kinds.count("channel_shuffle") == 16 and not {"permute", "add", "mul"} & set(kinds)


def test_efficientnet_lite0_with_its_weights():
    model = pretrained()
    x = image(2, height=224, width=224)
    conversion = quantize(model, x)
    assert in_float(conversion) == {}
    kinds = [kind for kind, _ in operators(conversion)]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "quantize": 1, "conv": 49, "adaptive_avg_pool": 1, "reshape": 1, "linear": 1,
    }  # fmt: skip
    stem = conversion.program.operators[1]
    assert stem.name == "_conv_stem" and [list(pair) for pair in stem.attributes["padding"]] == [[0, 1], [0, 1]]
    folded = [name for layer in conversion.layers for name in layer.fused]
    assert sum(name.endswith("static_padding") for name in folded) == sum(
        isinstance(module, torch.nn.ZeroPad2d) for module in model.modules()
    )
    assert sqnr_of(conversion, model, x) > 20
