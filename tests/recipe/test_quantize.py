from __future__ import annotations

import pytest
import torch
from torch import nn

import octavo
import octavo.runtime
from octavo.numerics import sqnr
from octavo.recipe import RecipeError


def test_answers_like_the_float_model(model, samples, quantized):
    with torch.no_grad():
        exact = model(samples[0])
    answer = quantized(samples[0])
    assert answer.keys() == exact.keys()
    assert not answer["logits"].requires_grad
    # Eight bits through three layers keep some 30 dB; 20 would mean that something is wrong.
    assert sqnr(exact["logits"], answer["logits"]) > 25


def test_the_file_gives_the_same_bits(samples, quantized, tmp_path):
    quantized.save(tmp_path / "m.octavo")
    loaded = octavo.runtime.load(tmp_path / "m.octavo", threads=2)
    for sample in samples:
        expected, got = quantized(sample), loaded(sample.numpy())
        assert all((got[key] == expected[key].numpy()).all() for key in expected)


def test_the_same_data_give_the_same_file(model, samples, quantized, tmp_path):
    again = octavo.quantize(model, samples[0][:1], samples)
    octavo.save(quantized, tmp_path / "a.octavo", example_inputs=samples[0])
    octavo.save(again, tmp_path / "b.octavo")
    assert (tmp_path / "a.octavo").read_bytes() == (tmp_path / "b.octavo").read_bytes()


def test_observer_is_used(model, samples, quantized):
    min_max = octavo.quantize(model, samples[0], samples, octavo.Recipe(observer="min_max"))
    assert [v.scale for v in min_max.program.values.values()] != [v.scale for v in quantized.program.values.values()]


def test_progress_is_told(model, samples, quantized, capsys):
    seen: list[tuple[int, int | None]] = []
    octavo.quantize(model, samples[0], samples, progress=lambda done, total: seen.append((done, total)))
    steps = len(samples) + sum(layer.type in ("conv", "linear") for layer in quantized.layers)
    assert seen == [(done, steps) for done in range(1, steps + 1)]
    octavo.quantize(model, samples[0], iter(samples), progress=True)
    error = capsys.readouterr().err
    assert "quantizing: 4 steps" in error and f"] {steps}/{steps}" in error


def test_no_calibration_data(model, samples):
    with pytest.raises(RecipeError, match=r"calibration_data: got none.*pass an iterable"):
        octavo.quantize(model, samples[0])
    with pytest.raises(ValueError, match="no sample"):
        octavo.quantize(model, samples[0], [])


def test_unknown_recipe_lists_what_there_is(model, samples):
    with pytest.raises(RecipeError, match="got 'fast', expected 'auto', 'static', 'dynamic'"):
        octavo.quantize(model, samples[0], samples, recipe="fast")
    with pytest.raises(RecipeError, match="scheme: got 'both'"):
        octavo.Recipe(scheme="both")  # type: ignore[arg-type]
    with pytest.raises(RecipeError, match="observer: got 'guess'"):
        octavo.Recipe(observer="guess")  # type: ignore[arg-type]


@pytest.mark.parametrize("poison", [float("nan"), float("inf")])
def test_poisoned_sample_is_named(model, samples, poison):
    bad = samples[1].clone()
    bad[0, 0, 0, 0] = poison
    with pytest.raises(ValueError, match="calibration sample 1"):
        octavo.quantize(model, samples[0], [samples[0], bad])


def test_interrupt_passes_through(model, samples):
    def interrupted():
        yield samples[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        octavo.quantize(model, samples[0], interrupted())


def test_save_takes_only_quantized_models(model, samples, tmp_path):
    with pytest.raises(TypeError, match="Small: example_inputs are missing"):
        octavo.save(model, tmp_path / "m.octavo")
    with pytest.raises(TypeError, match="nothing in it is quantized"):
        octavo.save(model, tmp_path / "m.octavo", samples[0])
    assert not list(tmp_path.iterdir())


class Language(nn.Module):
    """A recurrent layer and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn, self.head = nn.LSTM(12, 16, batch_first=True), nn.Linear(16, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Compute [n, t, 5] of [n, t, 12]."""
        return self.head(torch.relu(self.rnn(x)[0]))


def test_without_data_linear_and_recurrent_layers_are_dynamic():
    torch.manual_seed(0)
    model = Language().eval()
    x = torch.randn(3, 7, 12)
    shapes = {"x": {0: torch.export.Dim.AUTO, 1: torch.export.Dim.AUTO}}
    for recipe in ("auto", "dynamic", octavo.Recipe(scheme="dynamic")):
        quantized = octavo.quantize(model, x, recipe=recipe, dynamic_shapes=shapes)
        assert [o.type for o in quantized.program.operators] == [
            "permute",
            "lstm",
            "permute",
            "clamp",
            "dynamic_linear",
        ]
        for y in (x, torch.randn(2, 9, 12)):
            assert sqnr(model(y), quantized(y)) > 30
    assert {layer.name for layer in quantized.layers if layer.int8} == {"rnn", "head"}


def test_with_data_recurrent_layers_are_dynamic_unless_asked_otherwise():
    torch.manual_seed(0)
    model, data = Language().eval(), [torch.randn(3, 7, 12) for _ in range(4)]
    kinds = {"auto": "float32", "static": "uint8", "dynamic": "float32"}
    for recipe, dtype in kinds.items():
        program = octavo.quantize(model, data[0], data, recipe=recipe).program
        (lstm,) = (o for o in program.operators if o.type == "lstm")
        assert program.values[lstm.outputs[0]].dtype == dtype
        assert any(o.type == "linear" for o in program.operators) == (recipe != "dynamic")
    mixed = octavo.quantize(model, data[0], data, recipe=octavo.Recipe(recurrent="dynamic")).program
    assert mixed == octavo.quantize(model, data[0], data).program
    with pytest.raises(RecipeError, match="recurrent: got 'static', expected None or 'dynamic' with scheme='dynamic'"):
        octavo.Recipe(scheme="dynamic", recurrent="static")


def test_without_data_convolutions_are_left_in_float_only_where_asked_for(model, samples):
    with pytest.raises(RecipeError, match=r"2 convolutions \('stem.0', …\) would stay in float.*or recipe='dynamic'"):
        octavo.quantize(model, samples[0])
    quantized = octavo.quantize(model, samples[0], recipe="dynamic")
    assert {layer.name for layer in quantized.layers if layer.int8} == {"head"}
    with pytest.raises(RecipeError, match="all of this model would stay in float"):
        octavo.quantize(nn.ReLU().eval(), samples[0], recipe="dynamic")


def test_without_data_one_convolution_among_many_linear_layers_stays_in_float():
    layers = [layer for _ in range(4) for layer in (nn.Linear(4, 4), nn.Tanh())]
    example = torch.randn(2, 3, 8, 8)
    program = octavo.quantize(nn.Sequential(nn.Conv2d(3, 8, 4, 4), nn.Flatten(2), *layers).eval(), example).program
    assert [o.type for o in program.operators if "tanh" not in o.attributes.values()] == [
        "conv", "reshape", *["dynamic_linear"] * 4,
    ]  # fmt: skip
    few = nn.Sequential(nn.Conv2d(3, 8, 4, 4), nn.Flatten(2), *layers[:6]).eval()
    with pytest.raises(RecipeError, match=r"the convolution '0' would stay in float"):
        octavo.quantize(few, example)
