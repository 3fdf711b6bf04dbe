"""Scale migration: the paper's equation, what the network computes, and what it is worth."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import octavo
from octavo.algorithms import ScaleMigration
from octavo.algorithms.channel_sets import channel_sets
from octavo.algorithms.scale_migration import migration_scale
from octavo.graph import CorrectionWarning, capture, reparametrize
from octavo.graph.execute import execute
from octavo.graph.passes import run_passes
from octavo.numerics import sqnr

WIDTH = 32


class Block(nn.Module):
    """A block of a transformer that normalizes before its layers; two features are large in every row."""

    def __init__(self, large: float = 15.0, after: bool = False) -> None:
        super().__init__()
        self.after = after
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.q, self.k, self.v, self.o = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.up, self.down = nn.Linear(WIDTH, 64), nn.Linear(64, WIDTH)
        with torch.no_grad():
            for norm in (self.norm1, self.norm2):
                norm.weight[:2] *= large
                norm.bias.uniform_(-1, 1)
            # Their weights are as small, so that all features matter alike.
            for layer in (self.q, self.k, self.v, self.up):
                layer.weight[:, :2] /= large
            self.v.weight[3] *= large
            self.o.weight[:, 3] /= large

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = x if self.after else self.norm1(x)
        q, k, v = (layer(h).unflatten(2, (4, 8)).transpose(1, 2) for layer in (self.q, self.k, self.v))
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        x = x + self.o(y)
        if self.after:
            x = self.norm1(x)
            return self.norm2(x + self.down(F.gelu(self.up(x))))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


def block(**options) -> nn.Module:
    torch.manual_seed(0)
    return Block(**options).eval()


def rows(count: int, seed: int = 1) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(2, 9, WIDTH, generator=generator) for _ in range(count)]


def test_equation_4_of_the_paper():
    x, w = torch.tensor([16.0, 0.5, 0.0, 4.0]), torch.tensor([0.25, 2.0, 1.0, 0.0])
    torch.testing.assert_close(migration_scale(x, w, 0.5), torch.tensor([8.0, 0.5, 1.0, 1.0]).double())
    torch.testing.assert_close(migration_scale(x, w, 0.75)[0], torch.tensor(8 / 0.25**0.25).double())


def test_finds_what_shares_a_scale():
    graph = run_passes(capture(block(), rows(1)[0]).graph)
    found = {tuple(each.producers): each.consumers for each in channel_sets(graph, norms=True)}
    assert found == {("norm1",): ["q", "k", "v"], ("v",): ["o"], ("norm2",): ["up"]}


@pytest.mark.parametrize("by_row", [False, True])
def test_the_function_stays_and_the_scales_are_shared(by_row):
    data, captured = rows(4), capture(block(), rows(1)[0])
    after = reparametrize(captured, [lambda graph: ScaleMigration(graph, by_row)], data)
    before = run_passes(captured.graph)
    assert "are scaled" in after.notes[0]
    outputs = [execute(graph, {graph.inputs[0].name: data[0]})[0] for graph in (before, after.graph)]
    torch.testing.assert_close(*outputs, rtol=1e-4, atol=1e-4)  # float32 sums of channels that were 15 times as large
    weights = [{n.name: n.constants["weight"] for n in graph.nodes if n.constants} for graph in (before, after.graph)]
    s = weights[0]["norm1"] / weights[1]["norm1"]
    assert s.max() > 3 * s.median()
    for name in ("q", "k"):  # the rows of v have scales of their own
        torch.testing.assert_close(weights[1][name], weights[0][name] * s, rtol=1e-5, atol=0)


# Without it static quantization has a range for each row there, which gains what it can.
@pytest.mark.parametrize(("scheme", "least"), [("static", 1.0), ("dynamic", 6.0)])
def test_features_that_are_large_in_every_row(scheme, least):
    model, data, unseen = block(), rows(24), torch.cat(rows(8, seed=2))
    with torch.no_grad():
        expected = model(unseen)
    plain, moved = (
        sqnr(
            expected,
            octavo.quantize(model, data[0], data, octavo.Recipe(scheme=scheme, scale_migration=on))(unseen),
        )
        for on in (False, True)
    )
    assert moved > plain + least  # dB


def test_says_why_it_does_nothing():
    with pytest.warns(CorrectionWarning, match="no linear layer reads what a norm"):
        convolution = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3)).eval()
        reparametrize(capture(convolution, torch.randn(1, 3, 8, 8)), [ScaleMigration])
    with pytest.warns(CorrectionWarning, match="needs calibration data"):
        reparametrize(capture(block(), rows(1)[0]), [ScaleMigration])


def test_what_a_residual_addition_reads_as_well_stays():
    graph = run_passes(capture(block(after=True), rows(1)[0]).graph)
    assert [each.producers for each in channel_sets(graph, norms=True)] == [["v"]]
