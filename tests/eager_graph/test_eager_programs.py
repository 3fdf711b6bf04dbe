"""What the eager front door converts, as one program: the engine gives the module's own integers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils import _pytree as pytree

import octavo.quantization as tq
from octavo.nn.quantized import FloatFunctional
from octavo.program import Program, reference
from octavo.recipe import to_program
from octavo.runtime import LoadedProgram


class Stubbed(nn.Module):
    """A module between stubs."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.quant, self.dequant, self.body = tq.QuantStub(), tq.DeQuantStub(), body

    def forward(self, x: Tensor) -> Tensor:
        """Compute the module."""
        return self.dequant(self.body(self.quant(x)))


class Views(nn.Module):
    """Everything that only moves values."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.linear, self.ff = nn.Conv2d(8, 8, 1), nn.Linear(10, 4), FloatFunctional()

    def forward(self, x: Tensor) -> Tensor:
        """Compute [n, 8, 4] of [n, 8, 10, 10]."""
        x = self.conv(x)
        n, c, h, w = x.shape
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
        first, second = x.chunk(2, 1)
        x = self.ff.cat([second, F.relu(first)], 1)
        x = self.ff.add_relu(x, x.transpose(2, 3)).mean(2)
        return self.linear(x[:, :, :10].unsqueeze(1).squeeze(1).permute(0, 2, 1).permute(0, 2, 1))


IMAGE, SERIES = (2, 8, 10, 10), (2, 8, 12)
STATIC = {
    "conv_relu_pool": (
        nn.Sequential(
            nn.Conv2d(8, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.AvgPool2d(2, 1, 1), nn.AdaptiveAvgPool2d(2),
            nn.Flatten(), nn.Dropout(), nn.Linear(32, 4),
        ),
        IMAGE,
    ),
    "padding_modes": (
        nn.Sequential(
            nn.Conv2d(8, 8, 3, padding=1, padding_mode="reflect"),
            nn.Conv2d(8, 8, 3, padding=1, padding_mode="circular"),
        ),
        IMAGE,
    ),
    "conv1d": (nn.Sequential(nn.Conv1d(8, 8, 3), nn.ReLU()), SERIES),
    "conv3d": (nn.Sequential(nn.Conv3d(2, 3, 3)), (2, 2, 5, 6, 7)),
    "conv_transpose": (nn.Sequential(nn.ConvTranspose2d(8, 4, 3, 2, 1, 1)), IMAGE),
    "batch_norm": (nn.Sequential(nn.Conv2d(8, 8, 1), nn.MaxPool2d(2), nn.BatchNorm2d(8)), IMAGE),
    "activations": (
        nn.Sequential(
            nn.Conv2d(8, 8, 1), nn.Hardswish(), nn.Conv2d(8, 8, 1), nn.Sigmoid(), nn.Conv2d(8, 8, 1), nn.LeakyReLU(),
            nn.ELU(), nn.ReLU6(), nn.Tanh(), nn.Hardsigmoid(),
        ),
        IMAGE,
    ),
    "normalization": (
        nn.Sequential(
            nn.Conv2d(8, 8, 1), nn.GroupNorm(2, 8), nn.InstanceNorm2d(8, affine=True), nn.LayerNorm(10), nn.PReLU(8)
        ),
        IMAGE,
    ),
    "upsample": (nn.Sequential(nn.Conv2d(8, 8, 1), nn.Upsample(scale_factor=2), nn.Conv2d(8, 2, 3)), IMAGE),
    "views": (Views(), IMAGE),
}  # fmt: skip


def assert_same(model: nn.Module, program: Program, *inputs: Tensor) -> None:
    """Compare module, engine and reference bit for bit."""
    with torch.no_grad():
        expected = [tensor.numpy() for tensor in pytree.tree_leaves(model(*inputs))]
    arrays = [tensor.numpy() for tensor in inputs]
    engine = pytree.tree_leaves(LoadedProgram(program)(*arrays))
    for want, got, meaning in zip(expected, engine, reference.run(program, arrays), strict=True):
        assert np.array_equal(want, got) and np.array_equal(want, meaning)
        assert len(np.unique(want)) > 4


@pytest.mark.parametrize("name", STATIC)
def test_static(name):
    torch.manual_seed(0)
    body, shape = STATIC[name]
    model = Stubbed(body).eval()
    model.qconfig = tq.get_default_qconfig("x86")
    prepared = tq.prepare(model)
    prepared(torch.randn(shape))
    converted = tq.convert(prepared)
    program = to_program(converted, torch.randn(shape))
    assert_same(converted, program, torch.randn(3, *shape[1:]))
    given = [o for o in program.operators if o.type in ("conv", "conv_transpose", "linear")]
    assert all(program.values[name].dtype == "uint8" for o in given for name in (*o.inputs, *o.outputs))


class Language(nn.Module):
    """Embedding, recurrent layers in both directions, a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(20, 8)
        self.lstm = nn.LSTM(8, 6, 2, batch_first=True, bidirectional=True)
        self.gru, self.head = nn.GRU(12, 5), nn.Linear(5, 20)

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Compute logits [n, t, 20] and the last states of ids [n, t]."""
        y, (h, _) = self.lstm(self.embedding(ids))
        return self.head(torch.relu(self.gru(y)[0])), h


class Cells(nn.Module):
    """Cells, called step by step."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.LSTMCell(12, 4), nn.GRUCell(4, 6)

    def forward(self, x: Tensor) -> Tensor:
        """Walk two steps of [n, 8, 12]."""
        h, c = self.first(x[:, 0])
        h, c = self.first(x[:, 1], (h, c))
        return self.second(h)


@pytest.mark.parametrize("model", [Language(), Cells()], ids=["language", "cells"])
def test_dynamic(model):
    torch.manual_seed(0)
    inputs = [torch.randn(n, 8, 12) if isinstance(model, Cells) else torch.randint(0, 20, (n, 7)) for n in (2, 5)]
    converted = tq.quantize_dynamic(model.eval())
    program = to_program(converted, inputs[0])
    assert_same(converted, program, inputs[1])


def test_embedding():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(20, 8), nn.Flatten(), nn.Linear(24, 4)).eval()
    model[0].qconfig = tq.float_qparams_weight_only_qconfig
    converted = tq.convert(tq.prepare(model))
    program = to_program(converted, torch.randint(0, 20, (2, 3)))
    (lookup,) = (o for o in program.operators if o.type == "embedding")
    assert program.constants[lookup.constants["weight"]].dtype == np.uint8
    got = LoadedProgram(program)(np.array([[1, 2, 3], [4, 5, 6], [0, 19, 7]]))
    torch.testing.assert_close(torch.from_numpy(got), converted(torch.tensor([[1, 2, 3], [4, 5, 6], [0, 19, 7]])))
