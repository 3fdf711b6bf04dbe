"""Cross-layer equalization: the paper's equations, and what the network computes stays."""

import pytest
import torch
from torch import nn

from octavo.algorithms import Equalization
from octavo.graph import CorrectionWarning, capture, quantize_static, reparametrize
from octavo.graph.execute import execute
from octavo.graph.passes import run_passes
from octavo.observers import MinMaxObserver, default_weight_observer
from octavo.program import reference
from octavo.qconfig import QConfig, QConfigMapping

IMAGE = torch.randn(4, 6, 9, 9, generator=torch.Generator().manual_seed(1))


def uneven(model: nn.Module, seed: int = 0) -> nn.Module:
    """Give the channels of each layer ranges up to a hundred times as large as others."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in model.modules():
            if isinstance(layer, (nn.Conv2d, nn.Linear, nn.ConvTranspose2d)):
                axis = 1 if isinstance(layer, nn.ConvTranspose2d) else 0
                factors = 10 ** (2 * torch.rand(layer.weight.shape[axis], generator=generator) - 1)
                layer.weight *= factors.view([-1 if i == axis else 1 for i in range(layer.weight.dim())])
    return model.eval()


def pair() -> nn.Module:
    torch.manual_seed(0)
    return uneven(nn.Sequential(nn.Conv2d(6, 8, 3), nn.ReLU(), nn.Conv2d(8, 5, 3)))


class Residual(nn.Module):
    """A chain of two residual additions; its blocks are pointwise, depthwise and pointwise layers."""

    def __init__(self, activation: type[nn.Module] = nn.ReLU) -> None:
        super().__init__()
        self.stem = nn.Conv2d(6, 8, 3, padding=1)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(8, 16, 1), activation(), nn.Conv2d(16, 16, 3, padding=1, groups=16), activation(),
                nn.Conv2d(16, 8, 1),
            )
            for _ in range(2)
        )  # fmt: skip
        self.head = nn.Sequential(nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = x + block(x)
        return self.head(x)


def equalized(model: nn.Module, x: torch.Tensor = IMAGE, data: tuple = ()) -> tuple[dict, dict, torch.Tensor, str]:
    """Return the weights before and after, the greatest relative change of the output, and the note."""
    captured = capture(model, x)
    after = reparametrize(captured, [Equalization], data)
    before = run_passes(captured.graph)
    outputs = [execute(graph, {graph.inputs[0].name: x})[0] for graph in (before, after.graph)]
    weights = [
        {n.name: n.constants["weight"].detach() for n in graph.nodes if "weight" in n.constants}
        for graph in (before, after.graph)
    ]
    change = (outputs[0] - outputs[1]).abs().max() / outputs[0].abs().max()
    return weights[0], weights[1], change, after.notes[0]


def test_equation_11_of_the_paper():
    before, after, change, _ = equalized(pair())
    r1, r2 = before["0"].abs().amax((1, 2, 3)), before["2"].abs().amax((0, 2, 3))
    s = (r1 * r2).sqrt() / r2  # equation 11
    torch.testing.assert_close(after["0"], before["0"] / s.view(-1, 1, 1, 1))
    torch.testing.assert_close(after["2"], before["2"] * s.view(1, -1, 1, 1))
    # Equation 9: what the scales maximize, the sum of the products of the channels' precisions.
    products = after["0"].abs().amax((1, 2, 3)), after["2"].abs().amax((0, 2, 3))
    torch.testing.assert_close(*products)
    assert change < 1e-6  # float32 rounding


@pytest.mark.parametrize(
    "layers",
    [
        (nn.Conv2d(6, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3, groups=8), nn.ReLU(), nn.Conv2d(8, 4, 1)),
        (nn.Conv2d(6, 8, 3), nn.LeakyReLU(0.1), nn.AvgPool2d(2), nn.Conv2d(8, 4, 3, groups=2)),
        (nn.Conv2d(6, 8, 3), nn.PReLU(8), nn.ConvTranspose2d(8, 6, 3, groups=2), nn.ReLU(), nn.Conv2d(6, 3, 1)),
        (nn.Flatten(), nn.Linear(486, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 3)),
    ],
    ids=["depthwise", "grouped", "transposed", "linear"],
)  # fmt: skip
def test_ranges_meet_and_the_function_stays(layers):
    before, after, change, note = equalized(uneven(nn.Sequential(*layers)))
    assert change < 2e-5  # float32 rounding of channels a hundred times as large as others
    assert "are scaled" in note
    assert any(not torch.equal(before[name], after[name]) for name in before)


def test_a_chain_of_residual_additions_shares_one_vector():
    model = uneven(Residual())
    before, after, change, _ = equalized(model)
    assert change < 2e-5
    s = (before["stem"] / after["stem"]).flatten(1)[:, 0]
    torch.testing.assert_close((after["head.3"] / before["head.3"])[0], s, rtol=1e-4, atol=0)
    for block in ("blocks.0", "blocks.1"):
        made = (before[f"{block}.4"] / after[f"{block}.4"]).flatten(1)  # [o, i]: s[o] over the scale of its input
        torch.testing.assert_close(made[:, 0] / made[0, 0], s / s[0], rtol=1e-4, atol=0)
        read = (after[f"{block}.0"] / before[f"{block}.0"]).flatten(1)
        torch.testing.assert_close(read[0] / read[0, 0], s / s[0], rtol=1e-4, atol=0)
    assert s.max() > 1.5 * s.min()


def test_relu6_without_data_is_left_alone():
    with pytest.warns(CorrectionWarning, match="holds every channel"):
        before, after, change, _ = equalized(nn.Sequential(nn.Conv2d(6, 8, 3), nn.ReLU6(), nn.Conv2d(8, 5, 3)).eval())
    assert change == 0
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_relu6_that_the_data_never_reaches_becomes_relu():
    model = nn.Sequential(nn.Conv2d(6, 8, 3), nn.ReLU6(), nn.Conv2d(8, 5, 3)).eval()
    _, _, change, note = equalized(model, data=(IMAGE,))
    assert change < 1e-6
    assert "1 activations, whose upper bound the data never reaches, are without it now" in note


def test_relu6_keeps_the_channels_that_reach_it():
    model = nn.Sequential(nn.Conv2d(6, 8, 3), nn.ReLU6(), nn.Conv2d(8, 5, 3)).eval()
    with torch.no_grad():
        model[0].weight[:3] *= 20
        model[2].weight[:, 5] *= 20
    before, after, change, note = equalized(model, data=(IMAGE,))
    assert change < 1e-6
    assert "5 of 8 channels" in note
    torch.testing.assert_close(after["0"][:3], before["0"][:3], rtol=0, atol=0)
    assert not torch.equal(after["0"][5], before["0"][5])
    # Channels of both kinds exist, and no channel that was scaled is clipped before twice what was seen.
    s = (before["0"] / after["0"]).flatten(1)[:, 0]
    with torch.no_grad():
        most = model[0](IMAGE).amax((0, 2, 3))
    assert bool((6 * s[3:] >= 1.999 * most[3:]).all())


@pytest.mark.parametrize(
    "model",
    [nn.Sequential(nn.Conv2d(6, 8, 3), nn.Sigmoid(), nn.Conv2d(8, 5, 3)), nn.Sequential(nn.Conv2d(6, 8, 3))],
    ids=["sigmoid", "one layer"],
)
def test_says_where_there_is_nothing_to_equalize(model):
    with pytest.warns(CorrectionWarning, match="nothing to equalize"):
        equalized(model.eval())


def test_values_that_the_model_returns_are_left_alone():
    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = nn.Conv2d(6, 8, 3), nn.Conv2d(8, 5, 3)

        def forward(self, x):
            y = self.one(x).relu()
            return y, self.two(y)

    with pytest.warns(CorrectionWarning, match="nothing to equalize"):
        equalized(Both().eval())


def test_channels_without_weights_keep_finite_scales():
    model = pair()
    with torch.no_grad():
        model[0].weight[2] = 0
        model[2].weight[:, 3] = 0
        model[0].weight[4] *= 1e-20
    _, after, change, _ = equalized(model)
    assert change < 1e-6
    assert all(bool(torch.isfinite(weight).all()) for weight in after.values())


def test_saves_weights_that_have_one_range():
    """A channel of a hundred times the range of the others leaves those one step of 127."""
    torch.manual_seed(0)
    model = Residual().eval()
    for block in model.blocks:
        for made, read in ((block[0], block[2]), (block[2], block[4])):
            factors = 10 ** (2 * torch.rand(16) - 1)
            with torch.no_grad():
                made.weight *= factors.view(-1, 1, 1, 1)
                made.bias *= factors
                read.weight /= factors.view((-1, 1, 1, 1) if read.groups > 1 else (1, -1, 1, 1))
    per_tensor = QConfigMapping().set_global(QConfig(MinMaxObserver.with_args(dtype="uint8"), default_weight_observer))
    errors = []
    for methods in ((), (Equalization,)):
        conversion = quantize_static(model, IMAGE, [IMAGE], per_tensor, reparametrizations=methods)
        got = torch.from_numpy(reference.run(conversion.program, [IMAGE.numpy()])[0])
        with torch.no_grad():
            want = model(IMAGE)
        errors.append(float((got - want).square().mean() / want.square().mean()))
    assert errors[1] < errors[0] / 10  # more than 10 dB
