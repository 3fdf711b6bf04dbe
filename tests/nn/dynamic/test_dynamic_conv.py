"""nn.quantized.dynamic.Conv1d to ConvTranspose3d."""

from __future__ import annotations

import copy
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.nn.dynamic.dynamic_samples import dynamic, run_reference, seeded
from torch import Tensor, nn
from torch.export import Dim, export

import octavo
import octavo.graph
from octavo.eager import quantize_dynamic
from octavo.nn import QTensor
from octavo.nn.quantized.dynamic.conv import quantize_samples
from octavo.numerics import sqnr
from octavo.program import ShapeError

SHAPES = {1: (6, 9), 2: (6, 9, 7), 3: (6, 4, 5, 6)}
KINDS = {
    "conv1d": (nn.Conv1d, 1, {"stride": 2, "padding": 1}),
    "conv2d": (nn.Conv2d, 2, {"padding": 1}),
    "conv2d_no_bias": (nn.Conv2d, 2, {"bias": False, "groups": 2}),
    "conv2d_reflect": (nn.Conv2d, 2, {"padding": 1, "padding_mode": "reflect"}),
    "conv3d": (nn.Conv3d, 3, {"dilation": (1, 2, 1)}),
    "conv_transpose1d": (nn.ConvTranspose1d, 1, {"stride": 2}),
    "conv_transpose2d": (nn.ConvTranspose2d, 2, {"stride": 2, "padding": 1, "output_padding": 1, "groups": 2}),
    "conv_transpose3d": (nn.ConvTranspose3d, 3, {}),
}


@pytest.fixture(params=list(KINDS))
def pair(request: pytest.FixtureRequest) -> tuple[nn.Module, Any, Tensor]:
    make, axes, arguments = KINDS[request.param]
    module = seeded(make, 6, 8, 3, **arguments)
    return module, dynamic(module), torch.randn(3, *SHAPES[axes])


def test_close_to_the_float_module(pair: tuple[nn.Module, Any, Tensor]) -> None:
    module, layer, x = pair
    y = layer(x)
    with torch.no_grad():
        expected = module(x)
    assert y.shape == expected.shape and y.dtype == torch.float32
    # 8 bits of each sample's range and of each weight channel's.
    assert sqnr(expected, y) > 33


def test_the_reference_executor_gives_the_same_sums(pair: tuple[nn.Module, Any, Tensor]) -> None:
    _, layer, x = pair
    y = layer(x)
    if getattr(layer, "padding_mode", "zeros") != "zeros":
        x = nn.functional.pad(x, (1, 1, 1, 1), mode=layer.padding_mode)
    q, scale = quantize_samples(x)
    sums = torch.from_numpy(run_reference(layer, q)[0]) * scale
    bias = 0 if layer.bias() is None else layer.bias().view(-1, *[1] * layer.axes)
    np.testing.assert_array_equal(y.numpy(), (sums + bias).numpy())


def test_a_sample_does_not_depend_on_the_others(pair: tuple[nn.Module, Any, Tensor]) -> None:
    _, layer, x = pair
    x = x * torch.tensor([1e-3, 1, 1e3]).view(3, *[1] * (x.dim() - 1))
    y = layer(x)
    for sample, expected in zip(x, y, strict=True):
        assert torch.equal(layer(sample), expected)


def test_copies_and_state_dicts_give_the_same_numbers(pair: tuple[nn.Module, Any, Tensor]) -> None:
    _, layer, x = pair
    file = io.BytesIO()
    torch.save(layer.state_dict(), file)
    file.seek(0)
    other = copy.deepcopy(layer)
    for buffer in other.buffers():
        buffer.fill_(1)
    assert not torch.equal(other(x), layer(x))
    other.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(other(x), layer(x))


def test_exported_it_gives_the_same_numbers_at_any_batch(pair: tuple[nn.Module, Any, Tensor]) -> None:
    _, layer, x = pair
    exported = export(layer, (x,), dynamic_shapes=({0: Dim("n", min=1, max=64)},)).module()
    for n in (1, 3):
        assert torch.equal(exported(x[:n]), layer(x[:n]))


def test_what_is_not_finite_spoils_its_own_sample_alone() -> None:
    layer = dynamic(seeded(nn.Conv1d, 6, 8, 3))
    x = torch.randn(4, 6, 9)
    expected = layer(x)
    x[0, 1, 2], x[1, 3, 4], x[2] = math.nan, -math.inf, 0
    y = layer(x)
    assert y[:2].isnan().all()
    assert torch.equal(y[2], layer.bias()[:, None].expand(8, 7))
    assert torch.equal(y[3], expected[3])


def test_a_qtensor_as_input_and_repr() -> None:
    layer = dynamic(seeded(nn.Conv2d, 6, 8, 3, padding=1))
    q = QTensor(torch.randint(0, 256, (2, 6, 5, 5), dtype=torch.uint8), 0.02, 120)
    assert torch.equal(layer(q), layer(q.dequantize()))
    text = "DynamicQuantizedConv2d(6, 8, kernel_size=(3, 3), stride=(1, 1), dtype=int8, padding=(1, 1))"
    assert repr(layer) == text


def test_wrong_inputs_are_named() -> None:
    layer = dynamic(nn.Conv2d(6, 8, 3))
    where = r"module '0' \(DynamicQuantizedConv2d\)"
    with pytest.raises(ShapeError, match=rf"{where}: the input has shape \[2, 5, 9, 9\], expected \[n, 6, …\] with 2"):
        layer(torch.randn(2, 5, 9, 9))
    with pytest.raises(ShapeError, match=rf"{where}: the input has shape \[9\]"):
        layer(torch.randn(9))
    with pytest.raises(TypeError, match="expected a float tensor"):
        layer(torch.ones(2, 6, 9, 9, dtype=torch.uint8))


def test_saving_it_as_a_program_is_refused(tmp_path: Path) -> None:
    model = quantize_dynamic(nn.Sequential(nn.Conv1d(6, 8, 3)), {nn.Conv1d})
    with pytest.raises(octavo.graph.CaptureError, match="isinf"):
        octavo.save(model, tmp_path / "model.octavo", (torch.randn(2, 6, 9),))
