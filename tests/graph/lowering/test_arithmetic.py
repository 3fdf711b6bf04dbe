"""Sums, products and quotients."""

import pytest
import torch
from small_networks import Network, assert_captures, image, reasons, types

ONE = {
    "number": (lambda x: x + 1.5, ["affine"]),
    "number first": (lambda x: 1.5 - x, ["affine"]),
    "alpha": (lambda x: torch.add(x, 2.0, alpha=0.5), ["affine"]),
    "rsub": (lambda x: torch.rsub(x, 2.0, alpha=0.5), ["affine"]),
    "product": (lambda x: 3 * x, ["affine"]),
    "quotient": (lambda x: x / 3, ["affine"]),
    "scalar tensor": (lambda x: x * torch.tensor(0.5) + torch.tensor(2), ["affine"] * 2),
    "tensor": (lambda x: x - torch.linspace(0, 1, 12), ["affine"]),
    "square": (lambda x: x**2, ["mul"]),
    "larger constant": (lambda x: x[:, :, :1] + torch.ones(12, 1), ["slice", "constant", "add"]),
    "constants alone": (lambda x: x * (torch.ones(3, 1, 1) + 1), ["affine"]),
}


@pytest.mark.parametrize("name", ONE)
def test_one_operand(name):
    function, expected = ONE[name]
    assert types(assert_captures(Network(lambda net, x: function(x)), image())) == expected


TWO = {
    "sum": lambda x, y: x + y,
    "difference": lambda x, y: x - y,
    "difference times": lambda x, y: torch.sub(x, y, alpha=0.5),
    "sum times": lambda x, y: torch.add(x, y, alpha=2),
    "product": lambda x, y: x * y,
    "quotient": lambda x, y: x / (y.abs() + 1),
    "channel gate": lambda x, y: x * y.mean((2, 3), keepdim=True),
    "row of features": lambda x, y: x + y[:, :, :1],
    "expanded": lambda x, y: x * y.mean((2, 3), keepdim=True).expand_as(x),
    "in place": lambda x, y: x.clone().add_(y).mul_(y),
}


@pytest.mark.parametrize("name", TWO)
def test_two_operands(name):
    assert_captures(Network(lambda net, x, y: TWO[name](x, y)), image(), image())


def test_an_input_without_axes():
    assert_captures(Network(lambda net, x, t: x * t + t), image(), torch.tensor(2.5))


def test_square_root_as_a_power():
    assert_captures(Network(lambda net, x: x**0.5), image().abs())


def test_cube_is_two_products():
    assert types(assert_captures(Network(lambda net, x: x**3), image())) == ["mul", "mul"]


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda x: x**4, "no square, cube or square root"),
        (lambda x: 2**x, "no square, cube or square root"),
        (lambda x: torch.div(x, 2, rounding_mode="floor"), "it rounds (floor)"),
        (lambda x: x * x.shape[0], "symbolic size"),
        (lambda x: x / x.shape[0], "symbolic size"),
    ],
    ids=["fourth power", "power of two", "floor", "times batch", "by batch"],
)
def test_refuses(function, reason):
    assert reason in reasons(Network(lambda net, x: function(x)), image())
