"""Static linear layers whose rows one range cannot hold: found, quantized row by row, and told."""

import numpy as np
import pytest
import torch
from torch import nn

import octavo
from octavo.algorithms import UnevenRows
from octavo.graph import quantize_static
from octavo.numerics import sqnr
from octavo.program import reference
from octavo.qconfig import default_static
from octavo.runtime import LoadedProgram


class Gate(nn.Module):
    """A residual block of tokens; the product of what two layers make has outliers where both are large."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.norm, self.up, self.down = nn.LayerNorm(16), nn.Linear(16, 32), nn.Linear(32, 16)
        self.eval()

    def forward(self, x):
        return x + self.down(torch.relu(self.up(self.norm(x))) * x.abs().amax(-1, keepdim=True))


def tokens(batch=2, length=9, loud=300.0):
    """Draw tokens, one of each sentence `loud` times as large as the others."""
    x = torch.randn(batch, length, 16)
    x[:, 3] *= loud
    return x


def converted(data, corrections=(UnevenRows,)):
    return quantize_static(Gate(), data[0], data, default_static(), corrections=corrections)


def quiet(y):
    return torch.cat([y[:, :3], y[:, 4:]], 1)


def test_a_layer_of_uneven_rows_gives_each_its_own_range():
    data = [tokens() for _ in range(4)]
    conversion, plain = converted(data), converted(data, ())
    kinds = {o.name: o.type for o in conversion.program.operators}
    assert (kinds["down"], kinds["up"]) == ("dynamic_linear", "linear")  # the norm has evened the rows of the other
    (layer,) = (layer for layer in conversion.layers if layer.reason and layer.int8)
    assert layer.name == "down" and "too uneven for one range" in layer.reason
    x = tokens()
    with torch.no_grad():
        change = Gate()(x) - x
    got, other = (torch.from_numpy(reference.run(c.program, [x.numpy()])[0]) - x for c in (conversion, plain))
    # What is added to the tokens that are not loud: 8 bits hold it by row, and one range for all loses it.
    assert sqnr(quiet(change), quiet(got)) > 30 > 15 > sqnr(quiet(change), quiet(other))
    np.testing.assert_array_equal(LoadedProgram(conversion.program)(x.numpy()), got.numpy() + x.numpy())


@pytest.mark.parametrize("loud", [1.0, 2.0])
def test_even_rows_keep_one_range(loud):
    conversion = converted([tokens(loud=loud) for _ in range(4)])
    assert [o.type for o in conversion.program.operators if "linear" in o.type] == ["linear", "linear"]


def test_the_report_counts_them():
    data = [tokens() for _ in range(4)]
    text = str(octavo.quantize(Gate(), data[0], data).report(seconds=0.01))
    assert "1 of them: the rows of the input are too uneven for one range" in text
