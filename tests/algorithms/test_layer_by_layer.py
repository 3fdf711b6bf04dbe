"""Layers that are rewritten one after the other, on what is quantized already."""

from __future__ import annotations

import copy
from functools import partial

import pytest
import torch
from torch import nn

import octavo
from octavo.algorithms import LayerByLayer
from octavo.algorithms.columns import columns_at, draw_outputs, outputs_at, weight_of_rows, weight_rows
from octavo.algorithms.kept_samples import KeptSamples
from octavo.graph import capture, prepare, quantize_static
from octavo.graph.ir import Graph, GraphInput
from octavo.graph.rewrite_layers import rewrite_layers
from octavo.graph.transposed import by_output_channel
from octavo.numerics import sqnr
from octavo.program import reference


class Residual(nn.Module):
    """Strides, groups, dilation, a sum, a concatenation and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, stride=2, padding=1)
        self.depthwise = nn.Conv2d(16, 16, 3, padding=1, groups=16)
        self.grouped = nn.Conv2d(16, 16, 3, padding=2, dilation=2, groups=4)
        self.head = nn.Linear(32, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a = torch.relu(self.stem(x))
        b = torch.relu(self.grouped(torch.nn.functional.relu6(self.depthwise(a))) + a)
        return self.head(torch.cat([a, b], 1).mean((2, 3)))


@pytest.fixture(scope="module")
def model() -> nn.Module:
    torch.manual_seed(0)
    return Residual().eval()


def images(seed: int, count: int = 6, size: int = 17) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(3, 3, size, size, generator=generator) * 4 - 1 for _ in range(count)]


def test_the_walk_computes_what_the_program_computes(model):
    data = images(1)
    seen: dict[str, list[torch.Tensor]] = {}

    class Look(LayerByLayer):
        def apply(self, prepared, step):
            def look(node, inputs):
                seen[node.name] = [read[0] for read in inputs]
                return node, None

            return rewrite_layers(prepared, self._samples.inputs(), look)

    # Weights that are integers over 64, of at most 127: rounding changes none, and the walk's are the program's.
    exact = copy.deepcopy(model)
    with torch.no_grad():
        for weight in (parameter for parameter in exact.parameters() if parameter.dim() > 1):
            weight.copy_((weight * 64).round().clamp(-127, 127) / 64)
            weight.reshape(len(weight), -1)[:, 0] = 127 / 64
    program = quantize_static(exact, data[0], data, corrections=(Look,)).program
    values = reference.run(program, [data[0].numpy()], keep=True)
    read = next(operator for operator in program.operators if operator.name == "grouped").inputs[0]
    value = program.values[read]
    real = (torch.from_numpy(values[read]).int() - value.zero_point) * value.scale
    # Float32 sums and int32 sums of the same products may round to neighbouring integers, and rarely do.
    steps = ((seen["grouped"][0] - real) / value.scale).abs().round()
    assert steps.max() <= 1 and (steps > 0).float().mean() < 0.02


def test_rounding_to_the_layers_output_is_more_accurate(model):
    data, unseen = images(1), torch.cat(images(2))
    with torch.no_grad():
        expected = model(unseen)

    def ratio(**options) -> float:
        return sqnr(expected, octavo.quantize(model, data[0], data, recipe=octavo.Recipe(**options))(unseen))

    assert ratio(rounding="gptq") > ratio(rounding="nearest", bias_correction=False) + 1  # dB


LAYERS = {
    "strided": (nn.Conv2d(3, 16, 3, stride=2, padding=1), (2, 3, 9, 9)),
    "depthwise": (nn.Conv2d(16, 16, 3, padding=1, groups=16), (2, 16, 9, 9)),
    "dilated": (nn.Conv2d(16, 16, 3, padding=2, dilation=2, groups=4), (2, 16, 9, 9)),
    "1d": (nn.Conv1d(4, 6, 5), (2, 4, 9)),
    "linear": (nn.Linear(32, 6), (2, 5, 32)),
    "transposed": (nn.ConvTranspose2d(6, 8, 3, stride=2, padding=1, output_padding=1, groups=2), (2, 6, 5, 4)),
    "transposed, dilated": (nn.ConvTranspose2d(3, 4, (3, 2), stride=(1, 3), dilation=2), (2, 3, 5, 4)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_columns_times_rows_are_the_layer(name):
    layer, shape = LAYERS[name]
    x = torch.randn(shape, generator=torch.Generator().manual_seed(3))
    (node,) = prepare(capture(nn.Sequential(layer), x)).graph.nodes
    weight = node.constants["weight"].detach()
    rows = weight_rows(node, weight)
    assert torch.equal(by_output_channel(node, weight_of_rows(node, rows)), weight)
    with torch.no_grad():
        y = layer(x)
    drawn = draw_outputs(node, x, 10**6, torch.Generator().manual_seed(4))
    assert len(drawn) == y.numel() // len(layer.bias)
    made = torch.bmm(columns_at(node, x, drawn), rows.transpose(1, 2)).transpose(0, 1).flatten(1) + layer.bias.detach()
    # Sums of at most 36 float32 products in another order.
    torch.testing.assert_close(made, outputs_at(node, y, drawn), atol=1e-5, rtol=1e-5)
    assert len(draw_outputs(node, x, 3, torch.Generator().manual_seed(4))) == 3


def test_too_many_samples_are_thinned_evenly():
    graph = Graph({}, (GraphInput("x", (1, 4)),), (), ("x",), None)
    kept = KeptSamples(graph, {"x": 1}, most_bytes=5 * 4 * 4)
    for index in range(20):
        kept.watch("x", torch.full((1, 4), float(index)))
    assert [float(sample["x"][0, 0]) for sample in kept.inputs()] == [0, 4, 8, 12, 16]
    mean = kept.mean("x")
    assert mean is not None and mean.tolist() == [8.0] * 4
    assert KeptSamples(graph, {"x": 1}).mean("x") is None


def test_the_same_data_gives_the_same_file(model, tmp_path):
    data = images(1)
    for name in ("a", "b"):
        octavo.quantize(model, data[0], data).save(tmp_path / f"{name}.octavo")
    assert (tmp_path / "a.octavo").read_bytes() == (tmp_path / "b.octavo").read_bytes()


def test_images_of_several_sizes(model):
    data = images(1, 2, 17) + images(2, 2, 24)
    quantized = quantize_static(model, data[0], data, corrections=(partial(LayerByLayer, rounding="gptq"),))
    (y,) = reference.run(quantized.program, [data[3].numpy()])
    with torch.no_grad():
        assert sqnr(model(data[3]), torch.from_numpy(y)) > 25
