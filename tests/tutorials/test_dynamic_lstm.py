"""Dynamic quantization of an LSTM language model."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from tests.tutorials.mobilenet import sqnr
from torch import Tensor, nn

pytestmark = pytest.mark.filterwarnings("ignore")  # the old package warns of its own end

NTOKENS, NINP, NHID, NLAYERS = 60, 64, 64, 2


class LSTMModel(nn.Module):
    """An encoder, a recurrent part, a decoder."""

    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout(0.5)
        self.encoder = nn.Embedding(NTOKENS, NINP)
        self.rnn = nn.LSTM(NINP, NHID, NLAYERS, dropout=0.5)
        self.decoder = nn.Linear(NHID, NTOKENS)

    def forward(self, input: Tensor, hidden: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        emb = self.drop(self.encoder(input))
        output, hidden = self.rnn(emb, hidden)
        return self.decoder(self.drop(output)), hidden

    def init_hidden(self, bsz: int) -> tuple[Tensor, Tensor]:
        weight = next(self.parameters())
        return weight.new_zeros(NLAYERS, bsz, NHID), weight.new_zeros(NLAYERS, bsz, NHID)


def perplexity(model: LSTMModel, data: Tensor, bptt: int = 25) -> float:
    """Return the perplexity of [steps, batch] tokens, read in pieces with the state carried over."""
    hidden, total = model.init_hidden(data.shape[1]), 0.0
    with torch.no_grad():
        for i in range(0, len(data) - 1, bptt):
            length = min(bptt, len(data) - 1 - i)
            output, hidden = model(data[i : i + length], hidden)
            targets = data[i + 1 : i + 1 + length].reshape(-1)
            total += length * float(nn.functional.cross_entropy(output.reshape(-1, NTOKENS), targets))
    return float(torch.exp(torch.tensor(total / (len(data) - 1))))


def test_dynamic_quantization_of_a_language_model(ao: SimpleNamespace, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = LSTMModel().eval()
    quantized_model = ao.tq.quantize_dynamic(model, {nn.LSTM, nn.Linear}, dtype=torch.qint8)
    assert "DynamicQuantizedLSTM(64, 64, num_layers=2" in repr(quantized_model)
    assert "DynamicQuantizedLinear(in_features=64, out_features=60" in repr(quantized_model)

    data = torch.randint(0, NTOKENS, (76, 4))
    hidden = model.init_hidden(4)
    real, real_state = model(data[:20], hidden)
    output, state = quantized_model(data[:20], hidden)
    assert sqnr(real.detach(), output.detach()) > 25
    assert all(sqnr(a.detach(), b.detach()) > 25 for a, b in zip(real_state, state, strict=True))
    assert perplexity(quantized_model, data) == pytest.approx(perplexity(model, data), rel=0.02)

    torch.save(model.state_dict(), tmp_path / "float.p")
    torch.save(quantized_model.state_dict(), tmp_path / "int8.p")
    assert (tmp_path / "int8.p").stat().st_size < 0.5 * (tmp_path / "float.p").stat().st_size
