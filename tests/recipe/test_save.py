"""From quantized modules to one program and its file."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import octavo
from octavo.graph import CaptureError, UnsupportedOperatorError
from octavo.nn.qtensor import QTensor
from octavo.nn.quantized.conv import Conv2d
from octavo.nn.stubs import DeQuantize, Quantize
from octavo.program import Value
from octavo.recipe import to_program


class Eager(nn.Module):
    """A convolution between stubs, as `convert` leaves it."""

    def __init__(self) -> None:
        super().__init__()
        self.quant, self.conv, self.dequant = Quantize(0.02, 128), Conv2d(3, 4, 3, padding=1), DeQuantize()
        weight = torch.randint(-127, 128, self.conv.qweight.shape, dtype=torch.int8)
        self.conv.set_weight_bias(QTensor(weight, torch.full((4,), 2e-3), torch.zeros(4).int(), 0), torch.rand(4))
        self.conv.set_output(0.05, 120)

    def forward(self, x: Tensor) -> Tensor:
        """Compute [n, 4, h, w] of [n, 3, h, w]."""
        return self.dequant(self.conv(self.quant(x)))


class Branching(Eager):
    """Go one of two ways, as the numbers say."""

    def forward(self, x: Tensor) -> Tensor:
        """Compute [n, 4, h, w] of [n, 3, h, w]."""
        q = self.quant(x)
        return self.dequant(self.conv(q)) if x.sum() > 0 else self.dequant(q)


@pytest.fixture
def eager() -> Eager:
    """Return a module in evaluation mode."""
    torch.manual_seed(0)
    return Eager().eval()


def test_file_round_trip(eager, tmp_path):
    path = tmp_path / "m.octavo"
    octavo.save(eager, path, torch.randn(1, 3, 6, 6))
    x = torch.randn(5, 3, 6, 6)
    loaded = octavo.runtime.load(path)
    assert np.array_equal(loaded(x.numpy()), eager(x).numpy())
    assert [operator.name for operator in loaded.program.operators] == ["quant", "conv", "dequant"]


def test_the_same_module_gives_the_same_file(eager, tmp_path):
    for name in ("a", "b"):
        octavo.save(eager, tmp_path / name, torch.randn(2, 3, 6, 6))
        eager = copy.deepcopy(eager)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_dynamic_shapes_are_passed_on(eager):
    auto = torch.export.Dim.AUTO
    program = to_program(eager, torch.randn(2, 3, 6, 6), dynamic_shapes={"x": {0: auto, 2: auto, 3: auto}})
    assert program.inputs[0].shape == ("batch", 3, "height", "width")


def test_an_output_in_8_bits_is_given_as_integers(eager):
    eager.dequant = nn.Identity()
    x = torch.randn(2, 3, 6, 6)
    program = to_program(eager, x)
    (output,) = program.outputs
    assert program.values[output] == Value("uint8", float(np.float32(0.05)), 120)
    got = octavo.runtime.LoadedProgram(program)(x.numpy())
    assert got.dtype == np.uint8 and np.array_equal(got, eager(x).int_repr().numpy())


def test_a_quantized_model_within_a_module(quantized, samples):
    class Around(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = quantized

        def forward(self, x: Tensor) -> Tensor:
            return self.inner(x)["logits"] * 2.0

    program = to_program(Around(), samples[0])
    assert {o.name for o in program.operators} >= {"inner.stem.0", "inner.head"}
    got = octavo.runtime.LoadedProgram(program)(samples[1].numpy())
    assert np.array_equal(got, (quantized(samples[1])["logits"] * 2.0).numpy())


def test_needs_example_inputs(eager, tmp_path):
    with pytest.raises(TypeError, match=r"Eager: example_inputs are missing; .* octavo.save\(module, path, example"):
        octavo.save(eager, tmp_path / "m.octavo")


def test_control_flow_runs_eagerly_but_has_no_program(tmp_path):
    model = Branching().eval()
    x = torch.ones(1, 3, 6, 6)
    assert model(x).shape[1] == 4 and model(-x).shape[1] == 3
    with pytest.raises(CaptureError, match=r"Branching runs eagerly, but has no single program .*data-dependent"):
        octavo.save(model, tmp_path / "m.octavo", x)
    assert not list(tmp_path.iterdir())


def test_a_qtensor_is_no_input(eager):
    q = QTensor(torch.zeros(1, 3, 6, 6, dtype=torch.uint8), 0.5, 3)
    with pytest.raises(CaptureError, match="put a QuantStub before it"):
        to_program(eager, (q,))


def test_operators_that_a_program_lacks_are_named(eager):
    with pytest.raises(UnsupportedOperatorError, match=r"aten\.adaptive_max_pool2d"):
        to_program(nn.Sequential(eager, nn.AdaptiveMaxPool2d(4)).eval(), torch.randn(1, 3, 6, 6))
