"""Calibrated float modules, QTensors, and what a quantized module computes elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

import octavo.nn.intrinsic as nni
import octavo.nn.intrinsic.quantized as nniq
import octavo.nn.quantized as nnq
from octavo.nn import QTensor
from octavo.observers import MinMaxObserver, PerChannelMinMaxObserver
from octavo.program.reference import run
from octavo.qconfig import QConfig

QCONFIG = QConfig(
    MinMaxObserver.with_args(dtype="uint8"),
    PerChannelMinMaxObserver.with_args(
        dtype="int8", qscheme="per_channel_symmetric", quant_min=-127, quant_max=127
    ),
)  # fmt: skip


class Case(NamedTuple):
    """A float module, its form in 8 bits, and the shapes of its inputs."""

    make: Callable[[], nn.Module]
    quantized: Any
    shapes: tuple[tuple[int, ...], ...]


def quantize(x: Tensor, dtype: str = "uint8") -> QTensor:
    """Quantize with the qparams of x's own range."""
    observer = MinMaxObserver(dtype=dtype)
    observer(x)
    return QTensor.from_float(x, observer.qparams())


def calibrate(module: nn.Module, *inputs: Tensor) -> nn.Module:
    """Attach what prepare attaches, and show it one output."""
    module.eval()
    module.qconfig = QCONFIG
    module.activation_post_process = QCONFIG.activation()
    with torch.no_grad():
        module.activation_post_process(module(*inputs))
    return module


def convert(case: Case) -> tuple[nn.Module, Any, list[QTensor]]:
    """Return the calibrated float module, the quantized one and inputs."""
    torch.manual_seed(7)
    module = case.make()
    inputs = [quantize(torch.randn(shape)) for shape in case.shapes]
    calibrate(module, *(x.dequantize() for x in inputs))
    return module, case.quantized.from_float(module), inputs


def run_reference(module: Any, inputs: list[QTensor]) -> np.ndarray:
    """Run the program of a module, which has been called with these inputs, in NumPy."""
    (ready,) = module._programs.values()
    (y,) = run(ready.program, [x.int_repr().contiguous().numpy() for x in inputs])
    return y


def batch_norm(channels: int, axes: int) -> nn.Module:
    """Make a batch norm that has seen something; one of its channels does nothing."""
    norm: Any = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}[axes](channels)
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    with torch.no_grad():
        norm.weight[1] = 0
    return norm.eval()


SEQUENCE, IMAGE, VOLUME, ROWS = (2, 8, 9), (2, 8, 9, 7), (2, 8, 4, 5, 6), (3, 4, 8)

ELEMENTWISE = {
    "elu": Case(lambda: nn.ELU(0.7), nnq.ELU, (IMAGE,)),
    "hardswish": Case(nn.Hardswish, nnq.Hardswish, (IMAGE,)),
    "leaky_relu": Case(lambda: nn.LeakyReLU(0.3), nnq.LeakyReLU, (IMAGE,)),
    "prelu": Case(nn.PReLU, nnq.PReLU, (IMAGE,)),
    "prelu_channels": Case(lambda: nn.PReLU(8), nnq.PReLU, (IMAGE,)),
    "sigmoid": Case(nn.Sigmoid, nnq.Sigmoid, (ROWS,)),
    "softmax": Case(lambda: nn.Softmax(-1), nnq.Softmax, (ROWS,)),
    "softmax_first": Case(lambda: nn.Softmax(0), nnq.Softmax, (ROWS,)),
}
NORMS = {
    "layer_norm": Case(lambda: nn.LayerNorm(8), nnq.LayerNorm, (ROWS,)),
    "layer_norm_2": Case(lambda: nn.LayerNorm((4, 8), elementwise_affine=False), nnq.LayerNorm, (ROWS,)),
    "group_norm": Case(lambda: nn.GroupNorm(2, 8), nnq.GroupNorm, (IMAGE,)),
    "instance_norm1d": Case(lambda: nn.InstanceNorm1d(8), nnq.InstanceNorm1d, (SEQUENCE,)),
    "instance_norm2d": Case(lambda: nn.InstanceNorm2d(8, affine=True), nnq.InstanceNorm2d, (IMAGE,)),
    "instance_norm3d": Case(lambda: nn.InstanceNorm3d(8), nnq.InstanceNorm3d, (VOLUME,)),
    "batch_norm2d": Case(lambda: batch_norm(8, 2), nnq.BatchNorm2d, (IMAGE,)),
    "batch_norm3d": Case(lambda: batch_norm(8, 3), nnq.BatchNorm3d, (VOLUME,)),
}
LAYERS = {
    "conv1d": Case(lambda: nn.Conv1d(8, 6, 3, stride=2), nnq.Conv1d, (SEQUENCE,)),
    "conv2d": Case(lambda: nn.Conv2d(8, 6, 3, padding=1), nnq.Conv2d, (IMAGE,)),
    "conv2d_same": Case(lambda: nn.Conv2d(8, 6, 2, padding="same", dilation=3), nnq.Conv2d, (IMAGE,)),
    "conv2d_depthwise": Case(lambda: nn.Conv2d(8, 8, 3, groups=8, bias=False), nnq.Conv2d, (IMAGE,)),
    "conv3d": Case(lambda: nn.Conv3d(8, 6, (2, 3, 3), groups=2), nnq.Conv3d, (VOLUME,)),
    "conv_transpose1d": Case(lambda: nn.ConvTranspose1d(8, 6, 3, 2), nnq.ConvTranspose1d, (SEQUENCE,)),
    "conv_transpose2d": Case(
        lambda: nn.ConvTranspose2d(8, 6, 3, 2, 1, output_padding=1, groups=2), nnq.ConvTranspose2d, (IMAGE,)
    ),
    "conv_transpose3d": Case(
        lambda: nn.ConvTranspose3d(8, 3, 2, dilation=2, bias=False), nnq.ConvTranspose3d, (VOLUME,)
    ),
    "linear": Case(lambda: nn.Linear(8, 5), nnq.Linear, (ROWS,)),
}
FUSED = {
    "conv_relu1d": Case(lambda: nni.ConvReLU1d(nn.Conv1d(8, 6, 3), nn.ReLU()), nniq.ConvReLU1d, (SEQUENCE,)),
    "conv_relu2d": Case(lambda: nni.ConvReLU2d(nn.Conv2d(8, 6, 3), nn.ReLU()), nniq.ConvReLU2d, (IMAGE,)),
    "conv_relu3d": Case(lambda: nni.ConvReLU3d(nn.Conv3d(8, 6, 3), nn.ReLU()), nniq.ConvReLU3d, (VOLUME,)),
    "conv_add2d": Case(
        lambda: nni.ConvAdd2d(nn.Conv2d(8, 6, 1), torch.add), nniq.ConvAdd2d, (IMAGE, (2, 6, 9, 7))
    ),
    "conv_add_relu2d": Case(
        lambda: nni.ConvAddReLU2d(nn.Conv2d(8, 6, 3, padding=1), torch.add, nn.ReLU()),
        nniq.ConvAddReLU2d,
        (IMAGE, (2, 6, 9, 7)),
    ),
    "linear_relu": Case(lambda: nni.LinearReLU(nn.Linear(8, 5), nn.ReLU()), nniq.LinearReLU, (ROWS,)),
    "linear_tanh": Case(lambda: nni.LinearTanh(nn.Linear(8, 5), nn.Tanh()), nniq.LinearTanh, (ROWS,)),
    "linear_leaky_relu": Case(
        lambda: nni.LinearLeakyReLU(nn.Linear(8, 5, bias=False), nn.LeakyReLU(0.2)), nniq.LinearLeakyReLU, (ROWS,)
    ),
    "bn_relu2d": Case(lambda: nni.BNReLU2d(batch_norm(8, 2), nn.ReLU()), nniq.BNReLU2d, (IMAGE,)),
    "bn_relu3d": Case(lambda: nni.BNReLU3d(batch_norm(8, 3), nn.ReLU()), nniq.BNReLU3d, (VOLUME,)),
}  # fmt: skip
CASES = {**ELEMENTWISE, **NORMS, **LAYERS, **FUSED}
