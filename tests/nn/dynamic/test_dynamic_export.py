"""Models of dynamic modules: exported, and saved as one program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.export import Dim, export

import octavo
from octavo.eager import quantize_dynamic


class Recurrent(nn.Module):
    """A recurrent layer between two linear ones; the states go in and come out."""

    def __init__(self, make: Any, **arguments: Any) -> None:
        super().__init__()
        self.before = nn.Linear(8, 10)
        self.rnn = make(10, 12, **arguments)
        self.after = nn.Linear(24 if self.rnn.bidirectional else 12, 5)

    def forward(self, x: Tensor, hx: Any = None) -> Any:
        y, last = self.rnn(torch.relu(self.before(x)), hx)
        return self.after(y), last


KINDS = {
    "lstm": (nn.LSTM, {"num_layers": 2}),
    "lstm_both_ways": (nn.LSTM, {"bidirectional": True, "batch_first": True}),
    "gru": (nn.GRU, {"num_layers": 2, "bidirectional": True}),
    "rnn": (nn.RNN, {"nonlinearity": "relu"}),
}


@pytest.fixture(params=list(KINDS))
def model(request: pytest.FixtureRequest) -> Any:
    make, arguments = KINDS[request.param]
    torch.manual_seed(5)
    return quantize_dynamic(Recurrent(make, **arguments).eval())


def states(model: Any, batch: int) -> Any:
    rnn = model.rnn
    shape = (rnn.num_layers * rnn.directions, batch, 12)
    return (torch.randn(shape), torch.randn(shape)) if rnn.states == 2 else torch.randn(shape)


def flat(answer: Any) -> list[Tensor]:
    output, last = answer
    return [output, *(last if isinstance(last, tuple) else (last,))]


def sequence(model: Any, steps: int, batch: int) -> Tensor:
    return torch.randn((batch, steps, 8) if model.rnn.batch_first else (steps, batch, 8))


@pytest.mark.parametrize("given", [False, True], ids=["zeros", "states"])
def test_exported_it_gives_the_same_numbers_at_any_length_and_batch(model: Any, given: bool) -> None:
    steps, batch = Dim("steps", min=1, max=64), Dim("batch", min=1, max=64)
    n, t = (0, 1) if model.rnn.batch_first else (1, 0)
    hx = states(model, 3) if given else None
    free = {1: batch}
    of_states = None if hx is None else (free, free) if isinstance(hx, tuple) else free
    args = (sequence(model, 4, 3), hx)
    exported = export(model, args, dynamic_shapes=({t: steps, n: batch}, of_states)).module()
    for length, size in ((1, 1), (4, 3), (6, 2)):
        x, start = sequence(model, length, size), states(model, size) if given else None
        for a, b in zip(flat(exported(x, start)), flat(model(x, start)), strict=True):
            assert torch.equal(a, b)


def test_saved_it_gives_the_same_numbers(model: Any, tmp_path: Path) -> None:
    x = sequence(model, 4, 3)
    octavo.save(model, tmp_path / "model.octavo", (x,))
    program = octavo.runtime.load(tmp_path / "model.octavo")
    for a, b in zip(flat(program(x.numpy())), flat(model(x)), strict=True):
        np.testing.assert_array_equal(a, b.numpy())
