"""Functions of QTensors by the names people know."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from tests.nn.samples import quantize

import octavo.nn.quantized.functional as qF
from octavo.nn import QTensor, conversions
from octavo.nn.errors import FloatInputError
from octavo.observers import PerChannelMinMaxObserver

GENERATOR = torch.Generator().manual_seed(11)


def weight(*shape: int) -> QTensor:
    real = torch.randn(*shape, generator=GENERATOR)
    observer = PerChannelMinMaxObserver(dtype="int8", qscheme="per_channel_symmetric")
    observer(real)
    return QTensor.from_float(real, observer.qparams())


X = quantize(torch.randn(2, 4, 6, 6, generator=GENERATOR))


@pytest.mark.parametrize(("name", "axes"), [("conv1d", 1), ("conv2d", 2), ("conv3d", 3)])
def test_convolutions(name, axes):
    x = quantize(torch.randn(2, 4, *[5] * axes, generator=GENERATOR))
    w, b = weight(6, 2, *[3] * axes), torch.randn(6, generator=GENERATOR)
    y = getattr(qF, name)(x, w, b, stride=2, padding=1, groups=2, scale=0.05, zero_point=120)
    expected = getattr(F, name)(x.dequantize(), w.dequantize(), b, stride=2, padding=1, groups=2)
    assert (y.q_scale(), y.q_zero_point(), y.qdtype) == (pytest.approx(0.05), 120, "uint8")
    assert (
        y.dequantize() - expected.clamp(-120 * 0.05, 135 * 0.05)
    ).abs().max() <= 0.026  # half a step, and the bias's


@pytest.mark.parametrize("qparams", [{}, {"scale": 0.1, "zero_point": 128}])
def test_linear(qparams):
    w = weight(3, 6)
    y = qF.linear(X, w, None, **qparams)
    scale, zero_point = qparams.get("scale", X.q_scale()), qparams.get("zero_point", X.q_zero_point())
    assert (y.q_scale(), y.q_zero_point()) == (pytest.approx(scale), zero_point)
    expected = F.linear(X.dequantize(), w.dequantize())
    limits = (-zero_point * scale, (255 - zero_point) * scale)
    assert (y.dequantize() - expected.clamp(*limits)).abs().max() <= 0.5001 * scale


@pytest.mark.parametrize(
    ("name", "arguments", "reference"),
    [
        ("celu", {"alpha": 0.5}, lambda x: F.celu(x, 0.5)),
        ("elu", {"alpha": 0.5}, lambda x: F.elu(x, 0.5)),
        ("hardswish", {}, F.hardswish),
        ("leaky_relu", {"negative_slope": 0.2}, lambda x: F.leaky_relu(x, 0.2)),
    ],
)
def test_functions_with_output_qparams(name, arguments, reference):
    y = getattr(qF, name)(X, scale=0.03, zero_point=90, **arguments)
    assert (y.q_scale(), y.q_zero_point()) == (pytest.approx(0.03), 90)
    assert (y.dequantize() - reference(X.dequantize())).abs().max() <= 0.01501


@pytest.mark.parametrize(
    ("function", "reference"),
    [
        (lambda x: qF.avg_pool2d(x, 2), lambda x: F.avg_pool2d(x, 2)),
        (lambda x: qF.adaptive_avg_pool2d(x, (2, 3)), lambda x: F.adaptive_avg_pool2d(x, (2, 3))),
        (lambda x: qF.avg_pool3d(x[:, None], 2), lambda x: F.avg_pool3d(x[:, None], 2)),
        (lambda x: qF.adaptive_avg_pool3d(x[:, None], 2), lambda x: F.adaptive_avg_pool3d(x[:, None], 2)),
        (lambda x: qF.max_pool1d(x[0], 2), lambda x: F.max_pool1d(x[0], 2)),
        (lambda x: qF.max_pool2d(x, 3, 2, 1), lambda x: F.max_pool2d(x, 3, 2, 1)),
        (lambda x: qF.hardtanh(x, -1, 1), lambda x: F.hardtanh(x, -1, 1)),
        (lambda x: qF.clamp(x, -1, 1), lambda x: x.clamp(-1, 1)),
        (lambda x: qF.threshold(x, 0.0, 0.0), lambda x: F.threshold(x, 0.0, 0.0)),
        (lambda x: qF.leaky_relu(x, 0.25), lambda x: F.leaky_relu(x, 0.25)),
        (lambda x: qF.interpolate(x, scale_factor=2), lambda x: F.interpolate(x, scale_factor=2)),
        (lambda x: qF.upsample(x, size=9), lambda x: F.interpolate(x, size=9)),
        (lambda x: qF.upsample_nearest(x, size=9), lambda x: F.interpolate(x, size=9)),
        (
            lambda x: qF.upsample_bilinear(x, scale_factor=2),
            lambda x: F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True),
        ),
    ],
)
def test_functions_that_keep_the_qparams(function, reference):
    y = function(X)
    assert y.value == X.value
    assert (y.dequantize() - reference(X.dequantize())).abs().max() <= 0.501 * X.q_scale()


def test_hardsigmoid_has_qparams_of_its_own():
    with conversions.recording() as seen:
        y = qF.hardsigmoid(X)
    assert seen.total() == 0
    assert (y.dequantize() - F.hardsigmoid(X.dequantize())).abs().max() <= 1 / 256


def test_a_float_tensor_is_refused_by_the_name_of_the_function():
    for name in qF.__all__:
        arguments = {"linear": (X, None), "conv1d": (X, None), "conv2d": (X, None), "conv3d": (X, None)}.get(
            name, {"elu": (1.0, 0), "celu": (1.0, 0), "hardswish": (1.0, 0), "threshold": (0.0, 0.0)}.get(name)
        )
        if arguments is None:
            arguments = (0.0, 1.0) if name == "clamp" else ((2,) if "pool" in name else ())
        with pytest.raises(FloatInputError, match=r"got a torch.float32 tensor"):
            getattr(qF, name)(torch.ones(1, 4, 6, 6), *arguments)


def test_a_new_scale_in_place_is_refused():
    with pytest.raises(ValueError, match=r"got inplace=True with a scale"):
        qF.leaky_relu(X, inplace=True, scale=1.0, zero_point=0)
