"""Operators that only move values."""

import pytest
import torch
import torch.nn.functional as F
from small_networks import Network, assert_captures, image, reasons, types
from torch import nn

from octavo.graph import UnsupportedOperatorError, capture

FUNCTIONS = {
    "flatten": lambda x: x.flatten(1),
    "flatten of space": lambda x: torch.flatten(x, 2),
    "view with -1": lambda x: x.view(x.size(0), -1),
    "unflatten": lambda x: x.unflatten(1, (2, 3)),
    "unsqueeze and squeeze": lambda x: x.unsqueeze(1).squeeze(1).relu(),
    "permute": lambda x: x.permute(0, 2, 3, 1),
    "permute from the end": lambda x: x.permute(0, -2, -1, 1),
    "transpose": lambda x: x.transpose(1, -1),
    "permute of nothing": lambda x: x.permute(0, 1, 2, 3).relu(),
    "matrix": lambda x: x.flatten(1).t(),
    "cat": lambda x: torch.cat([x, x.relu(), x], dim=-1),
    "cat of one": lambda x: torch.cat([x]).relu(),
    "stack": lambda x: torch.stack([x, x.relu()], dim=1),
    "stack at the end": lambda x: torch.stack([x, x.relu()], dim=-1),
    "slice": lambda x: x[:, 1:5:2, :, 3:],
    "slice from the end": lambda x: x[..., -4:-1],
    "crop": lambda x: x[:, :, 2:-2, 2:-2],
    "whole slice": lambda x: x[:, :].relu(),
    "select": lambda x: x[:, 0],
    "select from the end": lambda x: x[:, :, -1],
    "narrow": lambda x: x.narrow(1, 2, 3),
    "chunk": lambda x: torch.cat(x.chunk(2, dim=1)[::-1], 1),
    "uneven chunk": lambda x: x.chunk(4, 1),
    "split": lambda x: x.split(4, dim=1),
    "split by sizes": lambda x: x.split([1, 5], dim=1),
    "tensor_split": lambda x: x.tensor_split(3, dim=1),
    "unbind": lambda x: x.unbind(1),
    "pad": lambda x: F.pad(x, (1, 2, 3, 0)),
    "pad by nothing": lambda x: F.pad(x, (0, 0)).relu(),
    "constant_pad": lambda x: nn.ZeroPad2d(1)(x),
    "channel_shuffle": lambda x: torch.channel_shuffle(x, 3),
    "cat constant": lambda x: torch.cat([x, torch.ones(6, 12, 12).expand(x.shape[0], -1, -1, -1)], 1),
    "expand": lambda x: x[:, :1].expand(-1, 6, -1, -1).reshape(-1, 72, 12),
    "expand, then compute": lambda x: x[:, :1].expand(-1, 6, -1, -1).sigmoid().mean((2, 3)),
    "expand the batch": lambda x: torch.cat([x[:, :1, 0], torch.ones(1, 1, 12).expand(x.shape[0], 1, 12)], 1),
    "contiguous, clone, float": lambda x: x.contiguous().clone().float().to(torch.float32).detach().relu(),
    "dropout": lambda x: F.dropout(x, 0.5, training=False).relu(),
    "no dropout": lambda x: F.dropout(x, 0.0).relu(),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    assert_captures(Network(lambda net, x: FUNCTIONS[name](x)), image(channels=6))


def test_what_moves_nothing_leaves_no_node():
    model = Network(lambda net, x: net.drop(x).contiguous()[:].float().relu(), drop=nn.Dropout())
    assert types(assert_captures(model, image())) == ["clamp"]


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda x: F.pad(x, (1, 1), value=2.0), "value 2.0"),
        (lambda x: F.pad(x, (-1, 0)), "negative"),
        (lambda x: x.double(), "float64"),
        (lambda x: F.dropout(x, 0.5), "training=self.training"),
        (lambda x: x.flip(1), "aten.flip"),
    ],
    ids=[
        "pad by two", "crop by padding", "double", "dropout",
        "flip",
    ],
)  # fmt: skip
def test_refuses(function, reason):
    assert reason in reasons(Network(lambda net, x: function(x)), image(channels=6))


def test_a_split_of_the_batch_fixes_the_batch():
    captured = capture(Network(lambda net, x: x.split(1, dim=0)), image(batch=4))
    assert captured.signature.inputs[0].shape == (4, 3, 12, 12)


def test_a_shape_with_two_unknown_sizes_is_refused_with_the_remedy():
    model = Network(lambda net, x: F.max_pool2d(x, 2).unsqueeze(1))
    with pytest.raises(UnsupportedOperatorError, match=r"two sizes that are expressions.*fix one of these dimensions"):
        capture(model, image(), samples=[image(height=8, width=8)])
