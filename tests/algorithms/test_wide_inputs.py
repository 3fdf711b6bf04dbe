"""Layers whose input 8 bits cannot hold: found, kept in float32, and told."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import octavo
from octavo.algorithms import WideInputs
from octavo.graph import Conversion, quantize_dynamic, quantize_static
from octavo.numerics import sqnr
from octavo.program import reference
from octavo.qconfig import QConfigMapping, default_static, per_channel_dynamic_qconfig
from octavo.runtime import LoadedProgram

DYNAMIC = QConfigMapping().set_global(per_channel_dynamic_qconfig)


class Reader(nn.Module):
    """A recurrent stack and a classifier on the last state."""

    def __init__(self, kind: Any = nn.LSTM) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.rnn = kind(16, 24, 2, batch_first=True)
        self.head = nn.Linear(24, 4)
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        """Compute [n, 4] of [n, t, 16]."""
        return self.head(self.rnn(x)[0][:, -1])


def wide(kind: Any = nn.LSTM) -> Reader:
    """Make a network for inputs whose columns lie five orders of magnitude apart, as energies of sound do."""
    model = Reader(kind)
    with torch.no_grad():
        model.rnn.get_parameter("weight_ih_l0").mul_(torch.logspace(-1, 4, 16))
    return model


def energies(batch: int = 4, time: int = 12) -> Tensor:
    """Draw inputs for `wide`, all columns of which matter."""
    return torch.rand(batch, time, 16) * 4 / torch.logspace(-1, 4, 16)


def assert_right(conversion: Conversion, model: nn.Module, x: Tensor) -> None:
    """Compare with float; engine and reference agree bit for bit."""
    got = reference.run(conversion.program, [x.numpy()])[0]
    assert (LoadedProgram(conversion.program)(x.numpy()) == got).all()
    with torch.no_grad():
        assert sqnr(model(x), torch.from_numpy(got)) > 25  # 8 bits in every other place


def told(conversion: Conversion) -> dict[str, str]:
    return {layer.name: layer.reason for layer in conversion.layers if "too wide a range" in layer.reason}


@pytest.mark.parametrize(
    ("scheme", "kind"), [("static", nn.LSTM), ("static", nn.GRU), ("dynamic", nn.LSTM), ("dynamic", nn.RNN)]
)
def test_the_product_of_a_wide_input_stays_in_float(scheme, kind):
    model, x = wide(kind), energies()
    if scheme == "static":
        conversion = quantize_static(model, x, [x, energies()], default_static(), corrections=(WideInputs,))
        plain = quantize_static(model, x, [x], default_static())
    else:
        conversion = quantize_dynamic(model, x, DYNAMIC, corrections=(WideInputs,))
        plain = quantize_dynamic(model, x, DYNAMIC)
    (name,) = told(conversion)
    assert name == "rnn.l0.input_product"
    assert "dB; its input product stays in float32" in told(conversion)[name]
    assert_right(conversion, model, x)
    with torch.no_grad():
        assert sqnr(model(x), torch.from_numpy(reference.run(plain.program, [x.numpy()])[0])) < 15
    product = next(o for o in conversion.program.operators if o.name == name)
    assert product.type == "linear" and conversion.program.constants[product.constants["weight"]].dtype == "float32"
    layers = [o for o in conversion.program.operators if o.name.startswith("rnn.l") and o.type != "linear"]
    assert [sorted(role for role in o.constants if role == "weight_ih") for o in layers] == [[], ["weight_ih"]]
    assert not any(o.type == "quantize" and o.inputs == ("x",) for o in conversion.program.operators)


def test_what_8_bits_can_hold_stays_in_8_bits():
    for kind, x in ((nn.LSTM, torch.randn(4, 12, 16)), (nn.GRU, torch.rand(4, 12, 16) * 10)):
        found = partial(WideInputs, made_up=True)
        assert told(quantize_dynamic(Reader(kind), x, DYNAMIC, corrections=(found,))) == {}
        assert told(quantize_static(Reader(kind), x, [x], default_static(), corrections=(WideInputs,))) == {}


def test_weights_tell_where_the_example_is_made_up():
    model, x = wide(), torch.zeros(2, 6, 16)
    assert list(told(quantize_dynamic(model, x, DYNAMIC, corrections=(partial(WideInputs, made_up=True),))))
    assert told(quantize_dynamic(model, x, DYNAMIC, corrections=(WideInputs,))) == {}
    conversion = quantize_dynamic(model, x, DYNAMIC, calibration_data=[energies()], corrections=(WideInputs,))
    assert_right(conversion, model, energies(2, 6))


def test_a_linear_layer_of_wide_rows():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 3))
    with torch.no_grad():
        model[0].get_parameter("weight").mul_(torch.logspace(-1, 4, 16))
    x = torch.where(torch.arange(16) < 2, torch.rand(64, 16) * 10, torch.rand(64, 16) * 1e-4)
    conversion = quantize_dynamic(model.eval(), x, DYNAMIC, corrections=(WideInputs,))
    assert list(told(conversion)) == ["0"] and told(conversion)["0"].endswith("dB; it stays in float32")
    assert [o.type for o in conversion.program.operators] == ["linear", "clamp", "dynamic_linear"]


def test_a_layer_that_would_gain_nothing_is_left_alone():
    model = Reader()
    with torch.no_grad():  # so strong a feedback makes much of every error, wherever it comes from
        model.rnn.get_parameter("weight_hh_l0").mul_(60)
    assert told(quantize_dynamic(model, torch.randn(4, 40, 16), DYNAMIC, corrections=(WideInputs,))) == {}


@pytest.mark.parametrize("samples", [0, 2])
def test_the_report_tells(samples):
    model = wide()
    data = [energies() for _ in range(samples)] or None
    report = octavo.quantize(model, energies(), data).report(seconds=0.01)
    assert "linear (rnn.l0.input_product): its input spans too wide a range for 8 bits" in str(report)
    assert report.sqnr_db is not None and report.sqnr_db > 25
