"""Activations, softmax."""

import pytest
import torch
import torch.nn.functional as F
from small_networks import Network, assert_captures, image, reasons, types
from torch import nn

MODULES = [
    nn.ReLU(), nn.ReLU6(), nn.Hardtanh(-2, 0.5), nn.Sigmoid(), nn.Tanh(), nn.SiLU(), nn.GELU(), nn.GELU("tanh"),
    nn.Hardswish(), nn.Hardsigmoid(), nn.Mish(), nn.LogSigmoid(), nn.SELU(), nn.LeakyReLU(0.2), nn.ELU(0.5),
    nn.Softplus(2.0, 5.0), nn.PReLU(), nn.PReLU(3), nn.CELU(0.5), nn.Softmax(1), nn.Softmax(-1), nn.LogSoftmax(1),
]  # fmt: skip


@pytest.mark.parametrize("module", MODULES, ids=repr)
def test_modules(module):
    assert_captures(module, image())


@pytest.mark.parametrize(
    "function",
    [torch.exp, torch.erf, torch.neg, torch.abs, torch.sigmoid, F.relu_, torch.square],
    ids=lambda function: function.__name__,
)
def test_functions(function):
    assert_captures(Network(lambda net, x: function(x.clone())), image())


@pytest.mark.parametrize("function", [torch.log, torch.sqrt, torch.reciprocal], ids=lambda function: function.__name__)
def test_functions_of_positive_numbers(function):
    assert_captures(Network(lambda net, x: function(x)), image().abs() + 0.1)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.clamp(-1, 1),
        lambda x: x.clamp(max=0.5),
        lambda x: x.clamp_min(0.5),
        lambda x: x.clamp_max(0.5),
        lambda x: x.clamp(min=float("-inf"), max=1.0),
        lambda x: F.hardtanh(x),
        lambda x: x.clip(0, 6),
    ],
)
def test_every_spelling_of_a_clamp_is_a_clamp(function):
    assert types(assert_captures(Network(lambda net, x: function(x)), image())) == ["clamp"]


def test_an_activation_without_lowering_is_refused_by_its_name():
    assert "layer '0': aten.rrelu.default: a program has no such operator" in reasons(
        nn.Sequential(nn.RReLU()), image()
    )


def test_a_clamp_to_tensors_is_refused():
    assert "clamp to numbers" in reasons(Network(lambda net, x: x.clamp(torch.zeros(1), None)), image())


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda x: F.celu(x, -2.0), "it scales its input by -0.5"),
        (lambda x: F.softplus(x, -1.0), "its beta is -1"),
        (lambda x: F.prelu(x, x[0, :, 0, 0]), "its slope depends on the input"),
    ],
)
def test_parameters_without_a_form_are_refused(function, reason):
    assert reason in reasons(Network(lambda net, x: function(x)), image())


def test_softmax_in_float64_is_refused():
    assert "float64" in reasons(Network(lambda net, x: F.softmax(x, 1, dtype=torch.float64)), image())
