"""Programs of small networks are as near to the float model as 8 bits allow, in the reference and in the engine."""

import pytest
import torch
from block_networks import NETWORKS
from small_networks import conv, image, in_float, operators, quantize, sqnr_of
from torch import nn


@pytest.mark.parametrize("name", NETWORKS)
def test_blocks(name):
    model, floor = NETWORKS[name]
    x = image(8)
    assert sqnr_of(quantize(model, x), model, x) > floor


ACTIVATIONS = [
    nn.Sigmoid(), nn.Tanh(), nn.SiLU(), nn.GELU(), nn.GELU("tanh"), nn.Hardswish(), nn.Hardsigmoid(), nn.Mish(),
    nn.LeakyReLU(), nn.PReLU(), nn.ELU(), nn.CELU(2.0), nn.SELU(), nn.Softplus(), nn.LogSigmoid(),
]  # fmt: skip


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=repr)
def test_activations_are_tables(activation):
    model, x = nn.Sequential(conv(3, 8), activation, conv(8, 4)), image(8)
    conversion = quantize(model, x)
    assert sqnr_of(conversion, model, x) > 33
    assert "table" in [kind for kind, _ in operators(conversion)] and in_float(conversion) == {}


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=repr)
def test_activations_at_the_end(activation):
    model, x = nn.Sequential(conv(3, 8), activation), image(8)
    assert sqnr_of(quantize(model, x), model, x) > 33


def test_one_dimension():
    model = nn.Sequential(nn.Conv1d(4, 8, 5, padding="same"), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(8, 4, 3))
    x = torch.randn(8, 4, 30)
    assert sqnr_of(quantize(model, x), model, x) > 33


def test_data_that_was_not_calibrated_on():
    model, _ = NETWORKS["residual"]
    assert sqnr_of(quantize(model, image(8)), model, image(8)) > 40
