"""Static quantization by what batch normalization has learned, without a sample."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import octavo
from octavo.graph import capture, prepare
from octavo.graph.drawn import draw_norms, has_statistics, learned_moments
from octavo.graph.execute import execute
from octavo.numerics import sqnr
from octavo.recipe import RecipeError

EXAMPLE = torch.randn(1, 3, 12, 12, generator=torch.Generator().manual_seed(0))
DATA = torch.randn(64, 3, 12, 12, generator=torch.Generator().manual_seed(1))


def trained(*layers: nn.Module) -> nn.Sequential:
    """Give norms scales and shifts, and the statistics of DATA."""
    torch.manual_seed(0)
    model = nn.Sequential(*layers)
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = None
            nn.init.uniform_(layer.weight, 0.5, 2)
            nn.init.normal_(layer.bias)
    model(DATA)
    return model.eval()


def conv_norm(inputs: int, outputs: int, *after: nn.Module) -> tuple[nn.Module, ...]:
    return nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), *after


def drawn_values(model: nn.Module, times: int = 200) -> dict[str, Tensor]:
    """All values of the graph that is calibrated, the draws side by side."""
    captured = capture(model, (EXAMPLE,))
    graph = draw_norms(prepare(captured), captured.graph, model).graph
    seen: dict[str, list[Tensor]] = {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        for _ in range(times):
            execute(graph, {graph.inputs[0].name: EXAMPLE}, lambda name, x: seen.setdefault(name, []).append(x))
    return {name: torch.cat(values) for name, values in seen.items()}


def test_moments_are_those_of_what_a_norm_gives():
    x = torch.randn(50, 4, 6, 6, dtype=torch.float64) * 0.01 + 3
    norm = nn.BatchNorm2d(4, momentum=None).double()
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    norm(x)
    y = norm.eval()(x).detach()
    mean, deviation = learned_moments(norm)
    torch.testing.assert_close(mean, y.mean((0, 2, 3)))
    # The statistics' variance is that of a sample.
    torch.testing.assert_close(deviation, y.transpose(0, 1).flatten(1).std(1))
    bare = nn.BatchNorm2d(4, affine=False)
    mean, deviation = learned_moments(bare)
    assert mean.tolist() == [0] * 4
    assert deviation.tolist() == pytest.approx([1 / math.sqrt(1 + bare.eps)] * 4, rel=1e-12)


def laplace_relu(mean: Tensor, deviation: Tensor) -> Tensor:
    """E[max(x, 0)], integrated by hand; the paper's equation 19 has it for a normal distribution."""
    b = deviation / math.sqrt(2)
    return mean.clamp_min(0) + b / 2 * torch.exp(-mean.abs() / b)


def test_draws_have_the_moments_and_their_relu_the_mean_of_the_integral():
    model = trained(*conv_norm(3, 8, nn.ReLU()), *conv_norm(8, 8), nn.Flatten(), nn.Linear(8 * 144, 2))
    values = drawn_values(model)
    first, second = (learned_moments(model[at]) for at in (1, 4))
    # What is alike in a channel is drawn 200 times: a mean of half of the variance is off by 5 % of a deviation.
    error = 4 * 0.05
    behind = values["0"].double().mean((0, 2, 3))
    assert bool(((behind - laplace_relu(*first)).abs() < error * first[1]).all())
    plain = values["3"].double()
    assert bool(((plain.mean((0, 2, 3)) - second[0]).abs() < error * second[1]).all())
    spread = plain.transpose(0, 1).flatten(1).std(1) / second[1]
    assert bool(((spread - 1).abs() < 0.15).all())
    # Places correlate by π/8, which is what is left of the variance of their average.
    assert bool(((plain.mean((2, 3)).std(0) / second[1] - math.sqrt(math.pi / 8)).abs() < 0.15).all())


class Residual(nn.Module):
    """A sum before a ReLU6, one module twice, and a factor behind a norm."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Sequential(*conv_norm(3, 8)), nn.Sequential(*conv_norm(8, 8))
        self.third, self.act = nn.Sequential(*conv_norm(8, 8)), nn.ReLU6()
        self.last = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.first(x))
        x = self.act(x + self.second(x))
        return self.last((3 * self.third(x)).mean((2, 3)))


def test_sums_are_computed_and_what_a_factor_follows_is_not_drawn():
    model = trained(Residual())
    captured = capture(model, (EXAMPLE,))
    drawn = draw_norms(prepare(captured), captured.graph, model)
    assert [node.name for node in drawn.graph.nodes if node.type == "drawn"] == ["0.first.0", "0.second.0"]
    assert "2 of 4 layers" in drawn.notes[-1]
    values = drawn_values(model)
    total = learned_moments(model[0].second[1])[0] + values["0.first.0"].double().mean((0, 2, 3))
    assert values["0.second.0"].min() == 0 and values["0.second.0"].max() == 6
    wide = values["0.second.0"].double().mean((0, 2, 3))
    assert float(torch.corrcoef(torch.stack([wide, total.clamp(0, 6)]))[0, 1]) > 0.9


def test_norm_that_stands_alone_is_drawn():
    model = trained(nn.BatchNorm2d(3), nn.ReLU(), *conv_norm(3, 8, nn.ReLU()), *conv_norm(8, 4))
    captured = capture(model, (EXAMPLE,))
    types = [node.type for node in draw_norms(prepare(captured), captured.graph, model).graph.nodes]
    assert types.count("drawn") == 3


def network() -> nn.Sequential:
    return trained(
        *conv_norm(3, 16, nn.ReLU()), *conv_norm(16, 16, nn.ReLU6()), nn.MaxPool2d(2),
        *conv_norm(16, 24, nn.Hardswish()), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 10),
    )  # fmt: skip


def test_nearly_as_accurate_as_with_data():
    model = network()
    with torch.no_grad():
        expected = model(DATA)
    with_data = octavo.quantize(model, EXAMPLE, [x[None] for x in DATA])
    without = octavo.quantize(model, EXAMPLE, recipe="static")
    by = [float(sqnr(expected, torch.cat([q(x[None]) for x in DATA]))) for q in (with_data, without)]
    assert by[1] > max(20, by[0] - 8)
    assert all(layer.int8 for layer in without.layers)
    assert "no calibration data: what 3 of 4 layers give" in without.notes[0]


def test_biases_take_back_what_rounding_shifts():
    """In 4 bits rounding shifts means far enough to be seen."""
    model = network()
    with torch.no_grad():
        expected = model(DATA)
    shifts = []
    for correction in (True, False):
        recipe = octavo.Recipe(observer="min_max", weight_bits=4, bias_correction=correction)
        q = octavo.quantize(model, EXAMPLE, recipe=recipe)
        shifts.append(float((torch.cat([q(x[None]) for x in DATA]) - expected).mean(0).square().sum()))
    assert shifts[0] < 0.5 * shifts[1]


def test_same_program_each_time_and_nobody_elses_random_numbers(tmp_path):
    model = network()
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    for name in "ab":
        octavo.quantize(model, EXAMPLE, recipe="static").save(tmp_path / f"{name}.octavo")
    assert torch.equal(before, torch.random.get_rng_state())
    assert (tmp_path / "a.octavo").read_bytes() == (tmp_path / "b.octavo").read_bytes()


def test_progress_is_told_without_data():
    seen: list[tuple[int, int | None]] = []
    octavo.quantize(network(), EXAMPLE, recipe="static", progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, len(seen)) for done in range(1, len(seen) + 1)]


@pytest.mark.parametrize(
    ("model", "arguments", "message"),
    [
        (lambda: nn.Sequential(nn.Conv2d(3, 4, 3)), {"recipe": "static"}, "Sequential has no batch normalization"),
        (network, {"recipe": "static", "example_inputs": torch.zeros(1, 3, 12, 12)}, "a tensor of one number alone"),
        (network, {"recipe": octavo.Recipe(equalization=True, rounding="brecq")}, "rounding='brecq' goes"),
        (network, {"recipe": octavo.Recipe(norm_reestimation=True)}, "norm_reestimation goes by samples"),
        (network, {}, "recipe='static' goes by that"),
    ],
)
def test_refuses(model: Callable[[], nn.Module], arguments: dict, message: str):
    with pytest.raises(RecipeError, match="got .*" + message):
        octavo.quantize(model(), **{"example_inputs": EXAMPLE, **arguments})


def test_refuses_norms_that_no_layer_has():
    class Unused(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

        def forward(self, x: Tensor) -> Tensor:
            return self.conv(x)

    with pytest.raises(ValueError, match="no batch normalization of the model follows a layer"):
        octavo.quantize(Unused().eval(), EXAMPLE, recipe="static")
    assert not has_statistics(nn.BatchNorm2d(4, track_running_stats=False))
