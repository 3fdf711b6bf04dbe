"""The pull of weights to the middle of their steps, against the paper's equation."""

import torch
from torch import nn

from octavo.algorithms.oscillation import dampening, dampening_of
from octavo.numerics import Qparams
from octavo.recipe.finetuning.start import calibrate_scales, prepared_model


def test_it_is_the_squared_distance_to_the_rounded_weight() -> None:
    scale = torch.tensor([0.5, 0.25])
    qparams = Qparams(scale, torch.zeros(2, dtype=torch.int32), -127, 127, "int8", "per_channel_symmetric", 0)
    weight = torch.tensor([[0.6, -0.2], [0.3, 100.0]], requires_grad=True)
    found = dampening_of(weight, qparams)
    # 0.6 → 0.5, −0.2 → 0, 0.3 → 0.25; 100 is clipped at 127 · 0.25 and lies on it.
    torch.testing.assert_close(found, torch.tensor(0.1**2 + 0.2**2 + 0.05**2))
    found.backward()
    assert weight.grad is not None
    torch.testing.assert_close(weight.grad, torch.tensor([[0.2, -0.4], [0.1, 0.0]]))


def test_it_sums_over_the_layers_that_are_rounded() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(2, 3, 3, bias=False), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(108, 2))
    x = torch.randn(4, 2, 8, 8)
    trained = prepared_model(model.eval(), x, None, [x], None)
    calibrate_scales(trained, [x])
    layers = {node.name: layer for node, layer in trained.trained_layers()}
    assert set(layers) == {"0", "4"}
    each = [dampening_of(layer.folded_weight(), layer.weight_fake_quant.qparams()) for layer in layers.values()]
    assert dampening(trained) == sum(each)
    assert all(float(one.detach()) > 0 for one in each)
