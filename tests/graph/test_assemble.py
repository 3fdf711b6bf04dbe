"""Modules that are quantized already, to one program: the engine and the reference give the module's own integers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small_networks import image
from torch import Tensor, nn

from octavo.graph import ConversionError, assemble, capture, prepare
from octavo.graph.lowering.registry import Unsupported
from octavo.nn.module import QuantizedModule
from octavo.nn.qtensor import QTensor
from octavo.nn.quantized.conv import Conv2d
from octavo.nn.quantized.linear import Linear
from octavo.nn.stubs import DeQuantize, Quantize
from octavo.ops import operators
from octavo.program import Program, Value, reference
from octavo.program.build import ProgramBuilder
from octavo.runtime import LoadedProgram


def conv(inputs: int, outputs: int, kernel: int = 3, relu: bool = False, **settings: int) -> Conv2d:
    """Make a convolution with drawn integers."""
    layer = Conv2d(inputs, outputs, kernel, padding=kernel // 2, **settings)
    weight = torch.randint(-127, 128, layer.qweight.shape, dtype=torch.int8)
    scale = torch.rand(outputs) * 1e-3 + 1e-3
    layer.set_weight_bias(QTensor(weight, scale, torch.zeros(outputs).int(), 0), torch.randn(outputs) / 4)
    layer.activation = "relu" if relu else None
    layer.set_output(0.03, 0 if relu else 117)
    return layer


def linear(inputs: int, outputs: int) -> Linear:
    """Make a linear layer with drawn integers."""
    layer = Linear(inputs, outputs)
    weight = torch.randint(-127, 128, layer.qweight.shape, dtype=torch.int8)
    layer.set_weight_bias(QTensor(weight, torch.full((outputs,), 2e-3), torch.zeros(outputs).int(), 0), None)
    layer.set_output(0.05, 128)
    return layer


class Residual(nn.Module):
    """Two convolutions, a sum, pooling and a classifier between stubs."""

    def __init__(self) -> None:
        super().__init__()
        self.quant, self.dequant = Quantize(0.02, 128), DeQuantize()
        self.block = nn.Sequential(conv(3, 8, relu=True), conv(8, 8))
        self.down = conv(3, 8, 1)
        self.head = linear(8 * 4 * 4, 5)

    def forward(self, x: Tensor) -> Tensor:
        """Compute [n, 5] of [n, 3, 8, 8]."""
        q = self.quant(x)
        a, b = self.block(q), self.down(q)
        y = operators.apply("add", (a.int_repr(), b.int_repr()), (a.value, b.value), Value("uint8", 0.03125, 100))
        pooled = operators.apply(
            "max_pool", (y,), (Value("uint8", 0.03125, 100),), Value("uint8", 0.03125, 100),
            kernel=(2, 2), stride=(2, 2), padding=((0, 0), (0, 0)), dilation=(1, 1), ceil_mode=False,
        )  # fmt: skip
        return self.dequant(self.head(QTensor(pooled.flatten(1), 0.03125, 100)))


def program_of(model: nn.Module, *inputs: Tensor) -> Program:
    """Capture and assemble a module."""
    return assemble(capture(model.eval(), inputs), "test")


def assert_same(model: nn.Module, program: Program, *inputs: Tensor) -> None:
    """Compare module, engine and reference bit for bit."""
    with torch.no_grad():
        expected = model(*inputs)
    arrays = [x.numpy() for x in inputs]
    assert np.array_equal(LoadedProgram(program)(*arrays), expected.numpy())
    (meaning,) = reference.run(program, arrays)
    assert np.array_equal(meaning, expected.numpy())
    assert len(np.unique(expected)) > 4


def kinds(program: Program) -> list[tuple[str, str]]:
    """List type and name of the operators."""
    return [(operator.type, operator.name) for operator in program.operators]


def test_every_operator_is_taken_as_it_is():
    model = Residual()
    program = program_of(model, image(2, height=8, width=8))
    assert kinds(program) == [
        ("quantize", "quant"), ("conv", "block.0"), ("conv", "block.1"), ("conv", "down"), ("add", "add"),
        ("max_pool", "max_pool"), ("reshape", "reshape"), ("linear", "head"), ("dequantize", "dequant"),
    ]  # fmt: skip
    assert program.values["reshape"] == Value("uint8", program.values["max_pool"].scale, 100)
    assert "block.0.weight" in program.constants
    for batch in (1, 5):
        assert_same(model, program, image(batch, height=8, width=8))


def test_moving_operators_stay_in_8_bits():
    class Moving(Residual):
        def forward(self, x: Tensor) -> Tensor:
            q = self.down(self.quant(x))
            data = q.int_repr()
            first, second = data[:, :, ::2], data[:, :, 1::2].transpose(2, 3)
            joined = torch.cat([first, second.permute(0, 1, 3, 2)], 1).reshape(x.shape[0], 16, -1)
            padded = nn.functional.pad(joined, (1, 2), value=117.0)
            return self.dequant(q.with_data(padded.unsqueeze(1).chunk(2, 2)[1]))

    model = Moving()
    program = program_of(model, image(2, height=8, width=8))
    assert [kind for kind, _ in kinds(program)].count("dequantize") == 1
    made = {name for operator in program.operators for name in operator.outputs}
    assert {program.values[name].dtype for name in made - set(program.outputs)} == {"uint8"}
    assert_same(model, program, image(3, height=8, width=8))


def test_channel_shuffle_of_integers_is_recognized():
    class Shuffle(Residual):
        def forward(self, x: Tensor) -> Tensor:
            q = self.down(self.quant(x))
            n, c, h, w = q.shape
            mixed = q.int_repr().view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
            return self.dequant(q.with_data(mixed))

    model = Shuffle()
    program = program_of(model, image(2))
    assert [kind for kind, _ in kinds(program)] == ["quantize", "conv", "channel_shuffle", "dequantize"]
    assert_same(model, program, image(3))


def test_float_layers_between_are_lowered_as_floats():
    class Mixed(Residual):
        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.BatchNorm2d(8)
            self.again = Quantize(0.02, 90)

        def forward(self, x: Tensor) -> Tensor:
            y = torch.relu(self.norm(self.dequant(self.down(self.quant(x)))))
            return self.dequant(self.head(self.again.forward(y).with_data(self.again(y).int_repr().flatten(1))))

    model = Mixed()
    model.head = linear(8 * 8 * 8, 5)
    program = program_of(model, image(2, height=8, width=8))
    names = dict(kinds(program))
    assert names["conv"] == "norm" and "clamp" in names
    x = image(4, height=8, width=8)
    got = torch.from_numpy(LoadedProgram(program)(x.numpy()))
    # The batch norm is one multiply-add in the program and two roundings in PyTorch: an input may be off by a step.
    torch.testing.assert_close(got, model(x), atol=model.head.scale * 1.01, rtol=0)


def test_a_layer_called_twice_is_there_once():
    class Twice(Residual):
        def forward(self, x: Tensor) -> Tensor:
            return self.dequant(self.block[1](self.block[1](self.down(self.quant(x)))))

    model = Twice()
    program = program_of(model, image(2))
    assert ("conv", "block.1@1") in kinds(program)
    assert "block.1.weight" in program.constants and "block.1@1.weight" not in program.constants
    assert_same(model, program, image(3))


class Halves(QuantizedModule):
    """A module of several operators and outputs: reshape, then two slices."""

    def emit(self, builder: ProgramBuilder, inputs: list[str], values: list[Value]) -> list[str]:
        """Append the operators."""
        flat = builder.emit("reshape", inputs, "flat", values[0], {"shape": ["x0_0", -1]})
        return [
            builder.emit("slice", [flat], name, values[0], {"axis": 1, "start": start, "end": end, "step": 1})
            for name, start, end in (("low", 0, 96), ("high", -96, None))
        ]

    def forward(self, x: QTensor) -> tuple[QTensor, QTensor]:
        """Split x."""
        low, high = self.call((x.int_repr(),), (x.value,))
        return x.with_data(low), x.with_data(high)


def test_several_operators_and_outputs_with_symbols():
    class Split(Residual):
        def __init__(self) -> None:
            super().__init__()
            self.halves = Halves()
            self.head = linear(96, 5)

        def forward(self, x: Tensor) -> Tensor:
            low, high = self.halves(self.quant(x))
            a, b = self.head(low), self.head(high)
            return self.dequant(a.with_data(torch.cat([a.int_repr(), b.int_repr()], 1)))

    model = Split()
    program = program_of(model, image(2, height=8, width=8))
    assert ("slice", "halves.low") in kinds(program) and ("reshape", "halves.flat") in kinds(program)
    (reshape,) = (o for o in program.operators if o.type == "reshape")
    assert reshape.attributes["shape"] == ("batch", -1)
    assert_same(model, program, image(5, height=8, width=8))


def test_integers_read_with_other_qparams():
    class Renamed(Residual):
        def forward(self, x: Tensor) -> Tensor:
            q = self.down(self.quant(x))
            return self.dequant(self.block[1](QTensor(q.int_repr(), 0.5 * q.q_scale(), 3)))

    model = Renamed()
    assert_same(model, program_of(model, image(2)), image(3))


def test_arithmetic_on_integers_is_refused():
    class Wrong(Residual):
        def forward(self, x: Tensor) -> Tensor:
            q = self.down(self.quant(x))
            return self.dequant(q.with_data(q.int_repr() + 1))

    with pytest.raises(Exception, match="computes with the integers of a tensor in 8 bits") as caught:
        capture(Wrong(), image(2))
    assert not isinstance(caught.value, Unsupported)


def test_prepare_refuses_a_quantized_model():
    with pytest.raises(ConversionError, match="layer 'quant' is quantized already, as are 7 others"):
        prepare(capture(Residual(), image(2, height=8, width=8)))
