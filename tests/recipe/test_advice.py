from __future__ import annotations

import pytest
import torch
from torch import nn

import octavo
from octavo.recipe.layer_times import layer_times


class LanguageModel(nn.Module):
    def __init__(self, words: int = 50, table: int = 32) -> None:
        super().__init__()
        self.table = nn.Embedding(words, table)
        self.lstm = nn.LSTM(table, 256, 2)
        self.head = nn.Linear(256, 50)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.head(self.lstm(self.table(ids))[0])


def cnn() -> nn.Module:
    layers = [nn.Conv2d(3, 32, 3), nn.BatchNorm2d(32), nn.ReLU(), nn.Conv2d(32, 32, 3), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))


def test_a_cnn_is_quantized_statically() -> None:
    advice = octavo.advise(cnn(), torch.randn(2, 3, 48, 48))
    assert advice.scheme == "static"
    assert "convolutions take" in advice.reasons[0] and "QAT" in advice.reasons[1]
    assert "octavo.quantize(model, example_inputs, calibration_data" in str(advice)


def test_a_recurrent_network_is_quantized_dynamically() -> None:
    advice = octavo.advise(LanguageModel(), torch.randint(0, 50, (32, 2)))
    assert advice.scheme == "dynamic" and "recurrent layers take" in advice.reasons[0]
    assert not advice.also


def test_a_transformer_is_quantized_dynamically() -> None:
    layer = nn.TransformerEncoderLayer(64, 4, 256, batch_first=True)
    advice = octavo.advise(nn.TransformerEncoder(layer, 2), torch.randn(1, 16, 64))
    assert advice.scheme == "dynamic" and "attention" in advice.reasons[0]


def test_large_tables_are_quantized_by_weight_alone() -> None:
    advice = octavo.advise(LanguageModel(words=50_000), torch.randint(0, 50, (32, 2)))
    assert advice.scheme == "dynamic" and "embeddings are" in advice.also["weight_only"]
    bag = octavo.advise(nn.EmbeddingBag(50_000, 16), torch.randint(0, 50, (4, 8)))
    assert bag.scheme == "weight_only" and not bag.also


def test_a_network_without_such_layers_stays_in_float() -> None:
    advice = octavo.advise(nn.Sequential(nn.Softmax(1), nn.Tanh()), torch.randn(64, 512))
    assert advice.scheme == "float" and advice.call == "keep the float model"


def test_static_that_is_not_accurate_enough_becomes_training() -> None:
    model, samples = cnn().eval(), [torch.randn(2, 3, 48, 48)]
    scores = iter([0.9, 0.5, 0.9, 0.899])
    advice = octavo.advise(model, samples[0], samples, lambda _: next(scores))
    assert advice.scheme == "qat" and "loses 0.4 of the score" in advice.reasons[-1]
    assert octavo.advise(model, samples[0], samples, lambda _: next(scores)).scheme == "static"


def test_evaluate_needs_calibration_data_and_finite_scores() -> None:
    model, samples = cnn().eval(), [torch.randn(2, 3, 48, 48)]
    with pytest.raises(ValueError, match="evaluate needs calibration_data"):
        octavo.advise(model, samples[0], evaluate=lambda _: 1.0)
    with pytest.raises(ValueError, match="expected numbers"):
        octavo.advise(model, samples[0], samples, lambda _: float("nan"))


def test_the_profile_adds_up_and_leaves_the_model_alone() -> None:
    model = cnn().train()
    state = {key: value.clone() for key, value in model.state_dict().items()}
    profile = layer_times(model, torch.randn(2, 3, 48, 48), rounds=3)
    assert {entry.kind for entry in profile} == {"convolution", "linear", "other", "functions"}
    assert all(entry.milliseconds >= 0 and entry.share >= 0 for entry in profile)
    assert profile[0].milliseconds == max(entry.milliseconds for entry in profile) > 0
    assert model.training and not any(module._forward_hooks for module in model.modules())
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())
