"""High-bias absorption: the paper's equations, and what the network computes stays."""

import pytest
import torch
from torch import nn

import octavo
from octavo.algorithms import BiasAbsorption
from octavo.algorithms.bias_absorption import MARGIN
from octavo.graph import CorrectionWarning, capture, reparametrize
from octavo.graph.execute import execute
from octavo.graph.passes import run_passes
from octavo.numerics import sqnr

DATA = [torch.randn(2, 4, 9, 9, generator=torch.Generator().manual_seed(seed)) for seed in range(4)]


def high(*after: nn.Module, activation: nn.Module | None = None) -> nn.Module:
    """Every other channel of the first layer is always far above 0."""
    torch.manual_seed(0)
    first = nn.Conv2d(4, 8, 3)
    with torch.no_grad():
        first.bias[::2] += 40
    return nn.Sequential(first, activation or nn.ReLU(), *after).eval()


def absorbed(model: nn.Module):
    captured = capture(model, DATA[0], None, DATA)
    after = reparametrize(captured, [BiasAbsorption], DATA)
    before = run_passes(captured.graph)
    outputs = [[execute(g, {g.inputs[0].name: x})[0] for x in DATA] for g in (before, after.graph)]
    return {n.name: n for n in before.nodes}, {n.name: n for n in after.graph.nodes}, *outputs


@pytest.mark.parametrize("groups", [1, 4])
def test_equations_12_to_14_of_the_paper(groups):
    model = high(nn.Conv2d(8, 4, 3, groups=groups))
    before, after, wanted, got = absorbed(model)
    with torch.no_grad():
        hidden = torch.cat([model[1](model[0](x)) for x in DATA]).transpose(0, 1).flatten(1)
        c = (hidden.amin(1) - MARGIN * (hidden.amax(1) - hidden.amin(1))).clamp_min(0)
        # What a constant image of c makes is W₂ c.
        moved = nn.functional.conv2d(c.view(1, 8, 1, 1).expand(1, 8, 3, 3), model[2].weight, groups=groups).flatten()
    assert bool((c[::2] > 20).all()) and bool((c[1::2] == 0).all())
    torch.testing.assert_close(after["0"].constants["bias"], before["0"].constants["bias"] - c)
    torch.testing.assert_close(after["2"].constants["bias"], before["2"].constants["bias"] + moved)
    for one, other in zip(wanted, got, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)  # float32 sums with terms of 40


def test_is_more_accurate():
    model, unseen = high(nn.Conv2d(8, 6, 1)), torch.cat(DATA[2:])
    with torch.no_grad():
        expected = model(unseen)
    plain, better = (
        sqnr(expected, octavo.quantize(model, DATA[0], DATA[:2], octavo.Recipe(bias_absorption=on))(unseen))
        for on in (False, True)
    )
    assert better > plain + 3  # dB


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (high(nn.Conv2d(8, 4, 3, padding=1)), "layers without padding alone"),
        (high(nn.Conv2d(8, 4, 1), activation=nn.ReLU6()), "layers without padding alone"),
        (high(nn.MaxPool2d(2), nn.Conv2d(8, 4, 1)), "layers without padding alone"),
        (nn.Sequential(nn.Conv2d(4, 8, 3), nn.ReLU(), nn.Conv2d(8, 4, 3)), "stays above 0"),
    ],
    ids=["padding", "relu6", "pooling", "low"],
)
def test_says_why_it_does_nothing(model, reason):
    with pytest.warns(CorrectionWarning, match=reason):
        _, _, wanted, got = absorbed(model.eval())
    assert all(torch.equal(*pair) for pair in zip(wanted, got, strict=True))
