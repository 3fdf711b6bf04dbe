"""Dynamic quantization of a BERT classifier: its linear layers alone."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch
from tests.tutorials.mobilenet import sqnr
from torch import Tensor, nn

pytestmark = pytest.mark.filterwarnings("ignore")  # the old package warns of its own end


class SelfAttention(nn.Module):
    """Devlin et al., BERT, 2018: scaled dot products of heads, masked by adding a large negative number."""

    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(size, size) for _ in range(3))
        self.output = nn.Linear(size, size)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        n, length, size = x.shape

        def split(y: Tensor) -> Tensor:
            return y.view(n, length, self.heads, -1).transpose(1, 2)

        q, k, v = split(self.query(x)), split(self.key(x)), split(self.value(x))
        scores = q @ k.transpose(-1, -2) / math.sqrt(size / self.heads) + mask
        return self.output((scores.softmax(-1) @ v).transpose(1, 2).reshape(n, length, size))


class Layer(nn.Module):
    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.attention, self.norm1, self.norm2 = SelfAttention(size, heads), nn.LayerNorm(size), nn.LayerNorm(size)
        self.intermediate, self.output = nn.Linear(size, 4 * size), nn.Linear(4 * size, size)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = self.norm1(x + self.attention(x, mask))
        return self.norm2(x + self.output(nn.functional.gelu(self.intermediate(x))))


class BertClassifier(nn.Module):
    def __init__(self, tokens: int = 200, size: int = 64, layers: int = 3, heads: int = 4) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(tokens, size), nn.Embedding(64, size)
        self.norm = nn.LayerNorm(size)
        self.layers = nn.ModuleList(Layer(size, heads) for _ in range(layers))
        self.pooler, self.classifier = nn.Linear(size, size), nn.Linear(size, 2)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        x = self.norm(self.words(input_ids) + self.places(torch.arange(input_ids.shape[1])))
        mask = (1.0 - attention_mask[:, None, None, :].float()) * -10000.0
        for layer in self.layers:
            x = layer(x, mask)
        return self.classifier(torch.tanh(self.pooler(x[:, 0])))


def test_dynamic_quantization_of_bert(ao: SimpleNamespace) -> None:
    torch.manual_seed(0)
    model = BertClassifier().eval()
    quantized_model = ao.tq.quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8)
    linears = [m for m in quantized_model.modules() if "DynamicQuantizedLinear" in repr(m).splitlines()[0]]
    assert len(linears) == 3 * 6 + 2
    assert isinstance(quantized_model.words, nn.Embedding)

    ids = torch.randint(0, 200, (4, 16))
    mask = torch.ones(4, 16, dtype=torch.long)
    mask[:, 12:] = 0
    with torch.no_grad():
        assert sqnr(model(ids, mask), quantized_model(ids, mask)) > 15
        # A sample's answer with others beside it and alone: what is masked does not reach it.
        assert torch.allclose(quantized_model(ids[:1], mask[:1]), quantized_model(ids, mask)[:1], atol=0.05)


def test_a_dict_names_the_layers(ao: SimpleNamespace) -> None:
    model = BertClassifier().eval()
    quantized = ao.tq.quantize_dynamic(model, {"classifier": ao.tq.default_dynamic_qconfig})
    assert "DynamicQuantizedLinear" in repr(quantized.classifier) and type(quantized.pooler) is nn.Linear
