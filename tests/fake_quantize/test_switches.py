import torch
from torch import nn

from octavo.fake_quantize import (
    FakeQuantize,
    disable_fake_quant,
    disable_observer,
    enable_fake_quant,
    enable_observer,
)


def test_applied_to_a_model_they_reach_every_fake_quantize_and_nothing_else():
    model = nn.Sequential(nn.Linear(3, 3), FakeQuantize(), nn.Sequential(FakeQuantize(), nn.ReLU()))
    modules = [model[1], model[2][0]]
    for switch, off, on in (
        ("fake_quant_enabled", disable_fake_quant, enable_fake_quant),
        ("observer_enabled", disable_observer, enable_observer),
    ):
        model.apply(off)
        assert [getattr(m, switch).tolist() for m in modules] == [[0], [0]]
        model.apply(on)
        assert [getattr(m, switch).tolist() for m in modules] == [[1], [1]]


def test_the_usual_schedule():
    torch.manual_seed(0)
    model = nn.Sequential(FakeQuantize(), nn.Linear(3, 3), FakeQuantize())
    model(torch.randn(8, 3))
    model.apply(disable_observer)
    scale = model[0].scale.clone()
    model(torch.randn(8, 3) * 50)
    assert torch.equal(model[0].scale, scale)
    model.apply(disable_fake_quant)
    x = torch.randn(8, 3)
    assert torch.equal(model(x), model[1](x))
