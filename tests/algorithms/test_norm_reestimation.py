"""Batch norm re-estimation: moments as in float, the same integers, and nothing that the samples do not agree on."""

from functools import partial
from itertools import pairwise

import pytest
import torch
from torch import nn

import octavo
from octavo.algorithms import LayerByLayer, norm_reestimation
from octavo.algorithms.kept_samples import KeptSamples
from octavo.algorithms.norm_reestimation import believed, float_moments, reestimate_norms
from octavo.graph import calibrate, capture, correct, prepare, quantize_static
from octavo.numerics import sqnr


def uneven(seed: int = 0) -> nn.Module:
    """Layers whose weights have one large number a channel, so that the others have few steps."""
    torch.manual_seed(seed)
    layers = [nn.Conv2d(4, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3, groups=8), nn.ReLU(), nn.ConvTranspose2d(8, 6, 2)]
    for layer in layers[::2]:
        with torch.no_grad():
            layer.weight.flatten(1)[:, 0] *= 15
    return nn.Sequential(*layers, nn.ReLU(), nn.Conv2d(6, 5, 1)).eval()


def images(count: int, seed: int = 1) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(1, 4, 20, 20, generator=generator) + 0.5 for _ in range(count)]


@pytest.mark.parametrize("layer", ["0", "2", "4"])
def test_moments_become_those_of_the_float_layer(layer, monkeypatch):
    monkeypatch.setattr(norm_reestimation, "SIGNIFICANT", 0.0)
    model, data = uneven()[: int(layer) + 1], images(6)
    prepared = prepare(capture(model, data[0]))
    rounding, kept = LayerByLayer(prepared, "nearest", False), KeptSamples(prepared.graph, {})
    calibrate(prepared, data, watchers=[rounding.watch, kept.watch])
    before = correct(prepared, [rounding])
    after = reestimate_norms(float_moments(prepared.graph, before, kept.inputs()), before, kept.inputs())
    made: dict[str, list[torch.Tensor]] = {"float": [], "int8": []}

    # What the last layer reads in int8, which the walk itself shows to whoever rewrites nothing.
    def look(node, inputs):
        if node.name == layer:
            alone = norm_reestimation._alone(node)
            made["int8"] = [norm_reestimation.compute(alone, [x], {}) for x, *_ in inputs]
        return node, None

    norm_reestimation.rewrite_layers(after, kept.inputs(), look)
    with torch.no_grad():
        made["float"] = [model(x) for x in data]
    means = [torch.cat(each).double().mean((0, 2, 3)) for each in made.values()]
    torch.testing.assert_close(*means, rtol=0, atol=1e-6)
    # The mean over samples of the logarithm of each one's deviation.
    deviations = [torch.stack([y[0].double().std((1, 2)).log() for y in each]).mean(0) for each in made.values()]
    torch.testing.assert_close(*deviations, rtol=0, atol=1e-6)


def test_the_integers_of_the_weights_stay():
    model, data = uneven()[:1], images(6)
    programs = [
        quantize_static(model, data[0], data, corrections=(partial(LayerByLayer, norm_reestimation=on),)).program
        for on in (False, True)
    ]
    (plain, again) = ([c for c in program.constants.values() if c.dtype.name == "int8"] for program in programs)
    assert len(plain) == len(again) == 1 and (plain[0] == again[0]).all()


def test_only_what_samples_agree_on_is_believed():
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(20, 500, dtype=torch.float64, generator=generator)
    kept = believed(noise)
    assert (kept == 0).float().mean() > 0.9  # two standard errors: 95 % of normal noise
    differences = 3 + noise[:, :1]
    d, e = float(differences.mean()), float(differences.std()) / 20**0.5
    assert float(believed(differences)) == pytest.approx(d * (1 - (2 * e / d) ** 2))
    assert float(believed(torch.full((5, 1), -0.25, dtype=torch.float64))) == -0.25
    assert (believed(noise[:1]) == 0).all() and (believed(torch.zeros(4, 3, dtype=torch.float64)) == 0).all()


def test_is_more_accurate_on_unseen_data():
    torch.manual_seed(0)
    widths = [4, 12, 12, 12, 12]
    layers = [part for a, b in pairwise(widths) for part in (nn.Conv2d(a, b, 3, padding=1), nn.ReLU())]
    model = nn.Sequential(*layers, nn.Conv2d(12, 5, 1)).eval()
    data, unseen = images(12), torch.cat(images(8, seed=2))
    with torch.no_grad():
        expected = model(unseen)

    def recipe(on: bool) -> octavo.Recipe:
        return octavo.Recipe(rounding="nearest", weight_bits=4, bias_correction=False, norm_reestimation=on)

    plain, again = (
        sqnr(
            expected,
            octavo.quantize(model, data[0], data, recipe(on))(unseen),
        )
        for on in (False, True)
    )
    assert again > plain + 0.5  # dB


def test_one_sample_changes_nothing():
    model, data = uneven(), images(1)
    models = [octavo.quantize(model, data[0], data, octavo.Recipe(norm_reestimation=on)) for on in (False, True)]
    assert not models[0].notes
    assert models[1].notes == (
        "batch norm re-estimation: nothing to go by: one sample does not tell what holds for others",
    )
    plain, again = (each.program for each in models)
    assert all((plain.constants[name] == again.constants[name]).all() for name in plain.constants)


def test_says_where_no_layer_can_be_corrected():
    mapping = octavo.qconfig.default_static().set_object_type("linear", None)
    with torch.no_grad():
        recipe = octavo.Recipe(norm_reestimation=True, qconfig_mapping=mapping)
        notes = octavo.quantize(nn.Linear(4, 3), torch.randn(2, 4), rows_of(), recipe).notes
    assert [note.partition(":")[0] for note in notes] == ["bias correction", "batch norm re-estimation"]
    assert all("no layer reads values whose range is found beforehand" in note for note in notes)


def rows_of() -> list[torch.Tensor]:
    return [torch.randn(2, 4, generator=torch.Generator().manual_seed(seed)) for seed in range(3)]
