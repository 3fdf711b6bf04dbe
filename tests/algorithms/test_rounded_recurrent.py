"""Recurrent layers whose weights GPTQ rounds."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import octavo
from octavo.numerics import sqnr


class Reader(nn.Module):
    """A recurrent layer, perhaps both ways, that gives all of its outputs."""

    def __init__(self, kind: type[nn.Module], both: bool) -> None:
        super().__init__()
        self.rnn = kind(24, 32, bidirectional=both)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.rnn(x)[0]


def sequences(count: int) -> list[torch.Tensor]:
    """Features that depend on each other and move slowly, as those of speech do: [30, 4, 24]."""
    generator = torch.Generator().manual_seed(0)
    mix = torch.randn(24, 24, generator=generator) * 0.1
    return [torch.randn(30, 4, 24, generator=generator).cumsum(0) @ mix for _ in range(count)]


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
@pytest.mark.parametrize("both", [False, True])
def test_gptq_is_more_accurate_than_rounding_to_nearest(kind, both):
    torch.manual_seed(1)
    model = Reader(kind, both).eval()
    *data, unseen = sequences(7)
    with torch.no_grad():
        expected = model(unseen)

    def ratio(rounding, scheme) -> float:
        # Of 4 bits, that the rounding of activations does not hide the difference.
        recipe = octavo.Recipe(rounding=rounding, weight_bits=4, recurrent=scheme)
        return sqnr(expected, octavo.quantize(model, data[0], data, recipe)(unseen))

    for scheme in (None, "dynamic"):
        assert ratio("gptq", scheme) > ratio("nearest", scheme) + 0.5  # dB
