"""Batch norm, layer norm, group norm, instance norm."""

import pytest
import torch
import torch.nn.functional as F
from small_networks import Network, assert_captures, batch_norm, image, reasons, the, types
from torch import nn


def shifted(module: nn.Module) -> nn.Module:
    """Give a normalization weights, biases and statistics that do something."""
    with torch.no_grad():
        for name, tensor in (*module.named_parameters(), *module.named_buffers()):
            if tensor.is_floating_point():
                tensor.uniform_(0.5, 2.0) if "var" in name or "weight" in name else tensor.normal_()
    return module.eval()


@pytest.mark.parametrize(("axes", "shape"), [(1, (4, 3)), (1, (2, 3, 7)), (2, (2, 3, 5, 6)), (3, (2, 3, 4, 3, 5))])
def test_batch_norm(axes, shape):
    assert types(assert_captures(batch_norm(3, axes), torch.randn(shape))) == ["affine"]


def test_batch_norm_without_parameters():
    norm = nn.BatchNorm2d(3, affine=False)
    norm.running_mean.normal_()
    assert_captures(norm, image())


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (nn.LayerNorm(7), (2, 7)),
        (nn.LayerNorm(7), (2, 3, 4, 5, 7)),
        (nn.LayerNorm((5, 7), eps=0.1), (2, 3, 5, 7)),
        (nn.LayerNorm((3, 5, 7), elementwise_affine=False), (2, 3, 5, 7)),
        (nn.LayerNorm(7, bias=False), (2, 7)),
    ],
    ids=repr,
)
def test_layer_norm(module, shape):
    assert types(assert_captures(shifted(module), torch.randn(shape) * 3 + 1)) == ["layer_norm"]


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (nn.GroupNorm(2, 6), (2, 6, 5, 4)),
        (nn.GroupNorm(3, 6, eps=0.1), (2, 6)),
        (nn.GroupNorm(1, 6, affine=False), (2, 6, 5)),
        (nn.GroupNorm(6, 6), (2, 6, 3, 2, 2)),
        (nn.InstanceNorm1d(6), (2, 6, 5)),
        (nn.InstanceNorm2d(6, affine=True), (2, 6, 5, 4)),
        (nn.InstanceNorm3d(6), (2, 6, 3, 2, 2)),
    ],
    ids=repr,
)
def test_group_and_instance_norm(module, shape):
    assert types(assert_captures(shifted(module), torch.randn(shape) * 3 + 1)) == ["group_norm"]


def test_instance_norm_with_running_statistics_is_a_line():
    assert types(assert_captures(shifted(nn.InstanceNorm2d(3, track_running_stats=True)), image())) == ["affine"]


def test_the_operator_with_three_results():
    def function(net, x):
        return (
            torch.native_layer_norm(x, (12,), None, None, 1e-5)[0]
            + torch.native_group_norm(x, None, None, x.shape[0], 4, 144, 2, 1e-5)[0]
        )

    assert types(assert_captures(Network(function), image(channels=4))) == ["layer_norm", "group_norm", "add"]


def test_a_layer_is_named_after_the_module_whose_weight_it_reads():
    model = Network(lambda net, x: F.layer_norm(x, (12,), net.norm.weight, net.norm.bias), norm=nn.LayerNorm(12))
    assert the(assert_captures(model, image()), "layer_norm").name == "norm"


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (nn.BatchNorm2d(3, track_running_stats=False), "track_running_stats"),
        (nn.LayerNorm(12, eps=0), "its eps is 0"),
        (Network(lambda net, x: F.group_norm(x, 1, x[0, :, 0, 0])), "its weight depends on the input"),
    ],
    ids=["batch statistics", "eps", "weight from the input"],
)
def test_refuses(model, reason):
    assert reason in reasons(model, image())
