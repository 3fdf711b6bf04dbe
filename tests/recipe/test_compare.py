"""Layer by layer against float: which one loses what."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

import octavo
from octavo.graph import CalibrationError
from octavo.numerics import sqnr


def images(seed: int, count: int = 4) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(3, 3, 12, 12, generator=generator) for _ in range(count)]


class Net(nn.Module):
    """A layer that ignores a channel of its input that is so large that 8 bits hold little of the others."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.a, self.wide, self.b = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 1), nn.Conv2d(8, 4, 1)
        with torch.no_grad():
            self.wide.bias[0] = 300
            self.b.weight[:, 0] = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.b(self.wide(torch.relu(self.a(x)))).mean((2, 3))


@pytest.fixture(scope="module")
def compared():
    model = Net().eval()
    q = octavo.quantize(model, images(1)[0], images(1))
    return model, q, q.compare(images(2))


def test_a_layer_alone_is_that_layer_on_floats_inputs(compared):
    model, q, comparison = compared
    rows = {row.name: row for row in comparison.layers}
    maker = next(op for op in q.program.operators if op.name == "wide")
    read, made = q.program.values[maker.inputs[0]], q.program.values[maker.outputs[0]]
    constants = {role: torch.from_numpy(np.array(q.program.constants[name])) for role, name in maker.constants.items()}
    weight = constants["weight"].double() * constants["weight_scale"].double().reshape(-1, 1, 1, 1)
    bias = constants["bias"].double() * constants["weight_scale"].double() * read.scale
    expected, got = [], []
    for x in images(2):
        with torch.no_grad():
            hidden = torch.relu(model.a(x))
            expected.append(model.wide(hidden))
        integers = (hidden / read.scale).round().add(read.zero_point).clamp(0, 255)
        y = torch.nn.functional.conv2d((integers - read.zero_point).double() * read.scale, weight, bias)
        got.append(((y / made.scale).round().add(made.zero_point).clamp(0, 255) - made.zero_point) * made.scale)
    # float64 here and float32 there round a few sums to neighbouring integers.
    assert rows["wide"].sqnr_alone_db == pytest.approx(sqnr(torch.cat(expected), torch.cat(got)), abs=0.1)


def test_the_layer_that_ruins_the_network_shows(compared):
    _, q, comparison = compared
    rows = {row.name: row for row in comparison.layers}
    assert rows["b"].sqnr_alone_db < 20 < rows["wide"].sqnr_alone_db
    assert comparison.first is rows["b"] and "look at 'b' first" in str(comparison)
    assert rows["a"].sqnr_db == pytest.approx(rows["a"].sqnr_alone_db, abs=1e-9)  # nothing comes before it
    outputs = torch.cat([q(x) for x in images(2)])
    with torch.no_grad():
        assert comparison.sqnr_db == pytest.approx(sqnr(torch.cat([Net().eval()(x) for x in images(2)]), outputs))


def test_ranges_and_saturation(compared):
    model, q, comparison = compared
    row = next(row for row in comparison.layers if row.name == "a")
    with torch.no_grad():
        hidden = torch.cat([torch.relu(model.a(x)) for x in images(2)])
    value = q.program.values[next(op for op in q.program.operators if op.name == "a").outputs[0]]
    assert row.range == (float(hidden.min()), float(hidden.max()))
    beyond = hidden > value.scale * (255 - value.zero_point + 0.5)
    assert row.saturated == pytest.approx(float(beyond.float().mean()), abs=1e-6)


def test_dynamic_layers_and_moves():
    torch.manual_seed(0)
    model = nn.Sequential(nn.LSTM(6, 8, batch_first=True)).eval()
    x = torch.randn(2, 5, 6)
    comparison = octavo.quantize(model, x).compare([x, x])
    lstm = next(row for row in comparison.layers if row.type == "lstm")
    assert lstm.int8 and lstm.sqnr_db == pytest.approx(lstm.sqnr_alone_db) and lstm.saturated is None
    assert comparison.samples == 2 and math.isfinite(comparison.sqnr_db or math.inf)


def test_what_cannot_be_compared(compared):
    _, q, _ = compared
    with pytest.raises(CalibrationError, match="the data holds no sample"):
        q.compare([])
    with pytest.raises(ValueError, match="compare: this QuantizedModel was made from a program alone"):
        octavo.QuantizedModel(q.program).compare(images(2))
