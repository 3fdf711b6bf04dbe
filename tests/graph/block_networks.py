"""Blocks of well-known networks, each with the SQNR in dB that its program must exceed.

The floors are 3 dB below the least that was measured on calibration data with three seeds.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from small_networks import Network, batch_norm, conv
from torch import nn

torch.manual_seed(0)  # the floors are of these weights, whatever other test modules have drawn before


def residual(net, x):
    y = F.relu(net.bn1(net.conv1(x)))
    return F.relu(net.bn2(net.conv2(y)) + net.down(x))


def squeeze_excite(net, x):
    y = F.silu(net.conv1(x))
    gate = torch.sigmoid(net.expand(F.relu(net.squeeze(F.adaptive_avg_pool2d(y, 1)))))
    return net.conv2(y * gate)


def shuffle(net, x):
    a, b = net.conv1(x).chunk(2, 1)
    return net.conv2(F.channel_shuffle(torch.cat([a, net.pointwise(b)], 1), 2))


def classify(net, x):
    return F.softmax(net.fc(F.adaptive_avg_pool2d(net.conv1(x).relu(), 1).flatten(1)), 1)


def everything(net, x):
    y = F.max_pool2d(net.conv1(F.pad(x, (0, 1, 1, 0))), 3, 2, 1, ceil_mode=True)
    y = F.avg_pool2d(y * 2 + 1, 3, 2, 1, ceil_mode=True, count_include_pad=False)
    return net.conv2(torch.tanh(y - y.mean((2, 3), keepdim=True)))


NETWORKS = {
    "residual": (
        Network(
            residual, conv1=conv(3, 8), bn1=batch_norm(8), conv2=conv(8, 8), bn2=batch_norm(8), down=conv(3, 8, 1)
        ),
        42,
    ),
    "residual with relu6": (Network(lambda net, x: F.relu6(net.conv(x) + x), conv=conv(3, 3)), 37),
    "squeeze and excitation": (
        Network(
            squeeze_excite, conv1=conv(3, 8), squeeze=conv(8, 4, 1), expand=conv(4, 8, 1), conv2=conv(8, 4)
        ),
        32,
    ),
    "shuffle": (Network(shuffle, conv1=conv(3, 8), pointwise=conv(4, 4, 1), conv2=conv(8, 4)), 33),
    "softmax at the end": (Network(classify, conv1=conv(3, 8), fc=nn.Linear(8, 5)), 62),
    "everything": (Network(everything, conv1=nn.Conv2d(3, 8, 3), conv2=conv(8, 4)), 28),
    "batch norm first": (nn.Sequential(batch_norm(3), nn.ReLU(), conv(3, 4)), 37),
    "batch norm alone": (batch_norm(3), 42),
    "features": (nn.Sequential(nn.Flatten(), nn.Linear(432, 16), nn.BatchNorm1d(16), nn.GELU(), nn.Linear(16, 3)), 36),
    "gate of an input": (Network(lambda net, x: net.conv(x) * x.mean((2, 3), keepdim=True), conv=conv(3, 3)), 30),
}  # fmt: skip
