"""nn.quantized.dynamic.Linear and its fused form."""

from __future__ import annotations

import copy
import io
from typing import Any

import numpy as np
import pytest
import torch
from tests.nn.dynamic.dynamic_samples import dynamic, run_reference, seeded
from torch import nn
from torch.export import Dim, export

import octavo.nn.intrinsic as nni
import octavo.nn.intrinsic.quantized.dynamic as nniqd
import octavo.nn.quantized.dynamic as nnqd
from octavo.nn import QTensor, conversions
from octavo.numerics import sqnr
from octavo.ops.memory import Call
from octavo.program import ShapeError
from octavo.qconfig import default_dynamic_qconfig, per_channel_dynamic_qconfig

SHAPES = [(48,), (1, 48), (5, 48), (2, 3, 48)]


def linear_relu(**kwargs: Any) -> nn.Module:
    return nni.LinearReLU(nn.Linear(48, 20, **kwargs), nn.ReLU())


@pytest.fixture(params=["linear", "no_bias", "relu"])
def pair(request: pytest.FixtureRequest) -> tuple[nn.Module, Any]:
    torch.manual_seed(3)
    module = {
        "linear": lambda: nn.Linear(48, 20),
        "no_bias": lambda: nn.Linear(48, 20, bias=False),
        "relu": linear_relu,
    }[request.param]().eval()
    return module, dynamic(module)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_close_to_float_and_equal_to_the_reference(pair: tuple[nn.Module, Any], shape: tuple[int, ...]) -> None:
    module, layer = pair
    x = torch.randn(shape)
    y = layer(x)
    with torch.no_grad():
        # 8 bits of x's range and of each weight row's: about 40 dB each on normal numbers.
        assert sqnr(module(x), y) > 33
    np.testing.assert_array_equal(y.numpy(), run_reference(layer, x)[0])


def test_a_row_does_not_depend_on_the_others(pair: tuple[nn.Module, Any]) -> None:
    _, layer = pair
    x = torch.randn(9, 48) * torch.logspace(-3, 3, 9)[:, None]
    assert torch.equal(layer(x), torch.cat([layer(row[None]) for row in x]))


def test_weights_are_per_channel_unless_a_qconfig_says_otherwise() -> None:
    module: Any = seeded(nn.Linear, 8, 4)
    with torch.no_grad():
        module.weight[0] *= 50
    by_type, per_channel, per_tensor = (
        dynamic(module, qconfig) for qconfig in (None, per_channel_dynamic_qconfig, default_dynamic_qconfig)
    )
    assert torch.equal(by_type.weight_scale, per_channel.weight_scale)
    assert len(by_type.weight_scale.unique()) == 4 and len(per_tensor.weight_scale.unique()) == 1
    x = torch.randn(30, 8)
    with torch.no_grad():
        # The rows with small weights keep their 8 bits.
        assert sqnr(module(x)[:, 1:], by_type(x)[:, 1:]) > sqnr(module(x)[:, 1:], per_tensor(x)[:, 1:]) + 10


def test_state_dict_through_a_file_of_weights_only_both_ways(pair: tuple[nn.Module, Any]) -> None:
    _, layer = pair
    x = torch.randn(3, 48)
    other = copy.deepcopy(layer)
    for buffer in other.buffers():
        buffer.fill_(1)
    assert not torch.equal(other(x), layer(x))
    file = io.BytesIO()
    torch.save(layer.state_dict(), file)
    file.seek(0)
    other.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(other(x), layer(x))


def test_a_float_state_dict_is_refused(pair: tuple[nn.Module, Any]) -> None:
    module, layer = pair
    with pytest.raises(RuntimeError, match="qweight"):
        layer.load_state_dict(module.state_dict())


def test_other_float_dtypes_come_back_as_they_came() -> None:
    layer = dynamic(seeded(nn.Linear, 48, 20))
    x = torch.randn(3, 48).bfloat16()
    y = layer(x)
    assert y.dtype == torch.bfloat16
    assert torch.equal(y, layer(x.float()).bfloat16())


def test_a_qtensor_is_dequantized_and_that_is_counted() -> None:
    layer = dynamic(seeded(nn.Linear, 48, 20))
    q = QTensor(torch.randint(0, 256, (3, 48), dtype=torch.uint8), 0.02, 120)
    with conversions.recording() as counted:
        y = layer(q)
    assert counted.rows() == [("0", "dequantize", 1)]
    assert torch.equal(y, layer(q.dequantize()))


def test_set_weight_bias() -> None:
    layer: Any = nnqd.Linear(4, 3)
    q = QTensor(torch.full((3, 4), -128, dtype=torch.int8), 0.5, 0)
    layer.set_weight_bias(q, torch.arange(3.0))
    assert layer.weight().int_repr().unique().tolist() == [-127]
    assert layer.bias().tolist() == [0, 1, 2]
    # Every row's range is [0, 1]: 255 steps of 1/255.
    expected = torch.arange(3.0) - 127 * 0.5 * 4
    assert torch.allclose(layer(torch.ones(2, 4)), expected.expand(2, 3), rtol=1e-6)


def test_repr() -> None:
    assert repr(dynamic(nn.Linear(64, 60))) == (
        "DynamicQuantizedLinear(in_features=64, out_features=60, dtype=int8, qscheme=torch.per_channel_affine)"
    )
    assert repr(nniqd.LinearReLU(20, 30)).startswith("DynamicQuantizedLinearReLU(in_features=20, out_features=30")


def test_wrong_inputs_are_named() -> None:
    layer = dynamic(nn.Linear(48, 20))
    with pytest.raises(ShapeError, match=r"module '0' \(DynamicQuantizedLinear\).* \[2, 47\], expected \[\.\.\., 48\]"):
        layer(torch.randn(2, 47))
    with pytest.raises(ShapeError, match=r"module '0' \(DynamicQuantizedLinear\).*no empty tensor"):
        layer(torch.randn(0, 48))
    with pytest.raises(TypeError, match=r"module '0'.* torch.int64 tensor, expected a float tensor"):
        layer(torch.ones(2, 48, dtype=torch.int64))
    with pytest.raises(ValueError, match="float16"):
        nnqd.Linear(4, 4, dtype=torch.float16)


def test_exported_it_gives_the_same_numbers_at_any_batch(pair: tuple[nn.Module, Any]) -> None:
    _, layer = pair
    exported = export(layer, (torch.randn(4, 48),), dynamic_shapes=({0: Dim("n", min=1, max=64)},)).module()
    for n in (1, 2, 7):
        x = torch.randn(n, 48)
        assert torch.equal(exported(x), layer(x))


def test_runs_on_as_many_threads_as_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = dynamic(nn.Linear(48, 20))
    x, seen = torch.randn(2, 48), []
    run = Call.run

    def spy(self: Call, inputs: Any, threads: int) -> Any:
        seen.append(threads)
        return run(self, inputs, threads)

    monkeypatch.setattr(Call, "run", spy)
    before = torch.get_num_threads()
    try:
        answers = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            answers.append(layer(x))
    finally:
        torch.set_num_threads(before)
    assert seen == [1, 2]
    assert torch.equal(*answers)


def test_converted_in_inference_mode_it_sees_what_is_loaded() -> None:
    with torch.inference_mode():
        layer, other = dynamic(seeded(nn.Linear, 48, 20)), dynamic(nn.Linear(48, 20))
        x = torch.randn(3, 48)
        assert not torch.equal(layer(x), other(x))
        other.load_state_dict(layer.state_dict())
        assert torch.equal(layer(x), other(x))
    assert torch.equal(layer(x), other(x))
