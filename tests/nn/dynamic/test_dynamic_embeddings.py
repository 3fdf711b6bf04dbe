"""Embeddings with tables in 8 bits, by quantize_dynamic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import octavo
from octavo.eager import quantize_dynamic
from octavo.nn import quantized
from octavo.nn.quantized import dynamic
from octavo.numerics import sqnr
from octavo.qconfig import float_qparams_weight_only_qconfig, per_channel_dynamic_qconfig


class Model(nn.Module):
    """Words, a recurrent layer, and the sum of a bag of tags."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.tags = nn.Embedding(50, 16), nn.EmbeddingBag(20, 12, mode="sum")
        self.rnn, self.out = nn.LSTM(16, 12, batch_first=True), nn.Linear(12, 4)

    def forward(self, words: Tensor, tags: Tensor) -> Tensor:
        _, (h, _) = self.rnn(self.words(words))
        return self.out(h[0] + self.tags(tags))


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(2)
    return Model().eval()


def inputs() -> tuple[Tensor, Tensor]:
    return torch.randint(0, 50, (3, 7)), torch.randint(0, 20, (3, 4))


SPECS: dict[str, dict[str, Any]] = {
    "dtype": {"dtype": torch.quint8},
    "classes": {"qconfig_spec": {nn.Embedding, nn.EmbeddingBag}, "dtype": torch.quint8},
    "qconfig": {"qconfig_spec": dict.fromkeys((nn.Embedding, nn.EmbeddingBag), float_qparams_weight_only_qconfig)},
}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS.keys())
def test_embeddings_alone(model: Any, spec: dict[str, Any]) -> None:
    q: Any = quantize_dynamic(model, **spec)
    assert type(q.words) is quantized.Embedding and type(q.tags) is quantized.EmbeddingBag
    assert type(q.rnn) is nn.LSTM and type(q.out) is nn.Linear
    words, tags = inputs()
    with torch.no_grad():
        # 8 bits of each row's own range.
        assert sqnr(model.words(words), q.words(words)) > 40
        assert sqnr(model(words, tags), q(words, tags)) > 35


def test_all_of_a_model_and_its_program(model: Any, tmp_path: Path) -> None:
    embeddings = dict.fromkeys((nn.Embedding, nn.EmbeddingBag), float_qparams_weight_only_qconfig)
    layers = dict.fromkeys((nn.Linear, nn.LSTM), per_channel_dynamic_qconfig)
    q: Any = quantize_dynamic(model, {**embeddings, **layers})
    assert type(q.words) is quantized.Embedding and type(q.rnn) is dynamic.LSTM
    words, tags = inputs()
    y = q(words, tags)
    with torch.no_grad():
        assert sqnr(model(words, tags), y) > 30
    octavo.save(q, tmp_path / "model.octavo", (words, tags))
    loaded = octavo.runtime.load(tmp_path / "model.octavo")
    np.testing.assert_array_equal(loaded(words.numpy(), tags.numpy()), y.numpy())
