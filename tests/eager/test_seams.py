"""What stays in float, why, and what that costs."""

import copy

import pytest
import torch
from eager_networks import FUSED, Stubbed, converted, images, residual
from torch import nn

from octavo import eager
from octavo.nn import quantized
from octavo.nn.conversions import Conversions
from octavo.nn.errors import FloatInputError
from octavo.numerics import sqnr


def test_an_8_bit_tensor_in_a_float_kernel_is_converted_and_counted(counted: Conversions) -> None:
    model, x = Stubbed(nn.Conv2d(3, 4, 1), nn.Conv2d(4, 5, 1)).eval(), images()
    model.body[1].qconfig = None
    q = converted(model, x)
    assert type(q.body[0]) is quantized.Conv2d and type(q.body[1]) is nn.Conv2d
    assert sqnr(model(x), q(x)) > 30
    assert counted.rows() == [("body.1", "dequantize", 1)]
    q(x)
    assert counted.rows() == [("body.1", "dequantize", 2)]
    assert eager.float_modules(q) == [eager.FloatModule("body.1", "Conv2d", "its qconfig is None", 2)]


def test_a_copy_has_the_same_seams(counted: Conversions) -> None:
    model = Stubbed(nn.Conv2d(3, 4, 1), nn.Conv2d(4, 5, 1)).eval()
    model.body[1].qconfig = None
    q = copy.deepcopy(converted(model, images()))
    q(images())
    assert counted.rows() == [("body.1", "dequantize", 1)]


def test_back_from_float_needs_a_stub() -> None:
    model = Stubbed(nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)).eval()
    model.body[1].qconfig = None
    with pytest.raises(FloatInputError, match=r"module 'body.2' \(QuantizedConv2d\) got a torch.float32 tensor"):
        converted(model, images())(images())


def test_the_reasons() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.factor = nn.Parameter(torch.tensor(2.0))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * self.factor

    model = Stubbed(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.MaxPool2d(2), Scaled(), nn.Conv2d(4, 4, 1)).eval()
    model.body[4].qconfig = None
    model.rnn = nn.GRU(2, 2)
    reasons = {module.name: module.reason for module in eager.float_modules(converted(model, images()))}
    assert reasons == {
        "body.3": "Scaled has no form in 8 bits",
        "body.4": "its qconfig is None",
        "rnn": "GRU has no static form in 8 bits; quantize_dynamic has one",
    }


def test_a_fused_module_in_float_is_one() -> None:
    model = eager.fuse_modules(residual(), FUSED)
    model.conv1.qconfig = None
    model.conv2.qconfig = None
    rows = eager.float_modules(converted(model, images()))
    assert [(row.name, row.kind) for row in rows] == [("conv1", "ConvReLU2d"), ("conv2", "Conv2d")]


def test_the_report(counted: Conversions, capsys: pytest.CaptureFixture[str]) -> None:
    model = Stubbed(nn.Conv2d(3, 4, 1), nn.Conv2d(4, 5, 1)).eval()
    model.body[1].qconfig = None
    q = converted(model, images())
    q(images())
    eager.report_seams(q)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["module", "class", "dequantized", "stays", "in", "float", "because"]
    assert lines[1].split() == ["body.1", "Conv2d", "1", "its", "qconfig", "is", "None"]
    assert lines[-1].split() == ["body.1", "dequantize", "1"]
    whole = eager.seams_table(converted(Stubbed(nn.Conv2d(3, 4, 1)).eval(), images()))
    assert whole.startswith("every module with a form in 8 bits computes in 8 bits")
