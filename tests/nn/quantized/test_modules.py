"""What holds for every statically quantized module."""

from __future__ import annotations

import copy
import io

import numpy as np
import pytest
import torch
from tests.nn.samples import CASES, NORMS, Case, convert, run_reference
from torch import nn
from torch.export import Dim, export

import octavo.nn.quantized as nnq
from octavo.nn import QTensor
from octavo.nn.errors import FloatInputError, QuantizationError

# PyTorch's float convolution says so of itself.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same'")

named = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


class Model(nn.Module):
    """Quantize every input, compute, dequantize."""

    def __init__(self, layer: nn.Module, inputs: list[QTensor]) -> None:
        super().__init__()
        self.stubs = nn.ModuleList(nnq.Quantize(x.q_scale(), x.q_zero_point(), x.qdtype) for x in inputs)
        self.layer, self.dequant = layer, nnq.DeQuantize()

    def forward(self, *inputs):
        quantized = [stub(x) for stub, x in zip(self.stubs, inputs, strict=True)]
        return self.dequant(self.layer(*quantized))


@named
def test_close_to_the_float_module(case: Case):
    module, layer, inputs = convert(case)
    y = layer(*inputs)
    with torch.no_grad():
        expected = module(*(x.dequantize() for x in inputs))
    # Half a step of rounding, and what the rounded weights make of it.
    assert (y.dequantize() - expected).abs().max() <= 1.5 * y.q_scale()


@named
def test_the_reference_executor_gives_the_same_integers(case: Case):
    _, layer, inputs = convert(case)
    np.testing.assert_array_equal(layer(*inputs).int_repr().numpy(), run_reference(layer, inputs))


@named
def test_the_exported_model_gives_the_same_numbers_at_any_batch(case: Case):
    _, layer, inputs = convert(case)
    model = Model(layer, inputs).eval()
    real = tuple(x.dequantize() for x in inputs)
    batch = Dim("batch", min=1, max=64)
    exported = export(model, real, dynamic_shapes=(tuple({0: batch} for _ in real),)).module()
    for n in (1, 5):
        xs = [torch.cat([x] * n)[:n] for x in real]
        assert torch.equal(exported(*xs), model(*xs))


@named
def test_state_dict_goes_through_a_file_of_weights_only(case: Case):
    _, layer, inputs = convert(case)
    file = io.BytesIO()
    torch.save(layer.state_dict(), file)
    file.seek(0)
    other = copy.deepcopy(layer)
    other.set_output(7.5, 3)
    for buffer in other.buffers():
        buffer.zero_()
    other.load_state_dict(torch.load(file, weights_only=True))
    y = other(*inputs)
    assert (y.q_scale(), y.q_zero_point()) == (layer.scale, layer.zero_point)
    assert torch.equal(y.int_repr(), layer(*inputs).int_repr())


@named
def test_a_deep_copy_computes_the_same_and_is_its_own(case: Case):
    _, layer, inputs = convert(case)
    y = layer(*inputs)
    twin = copy.deepcopy(layer)
    for buffer in layer.buffers():
        buffer.zero_()
    assert torch.equal(twin(*inputs).int_repr(), y.int_repr())


@named
def test_says_its_name_and_qparams(case: Case):
    _, layer, _ = convert(case)
    text = repr(layer)
    assert text.startswith(f"Quantized{type(layer).__name__}(")
    assert f"scale={layer.scale}, zero_point={layer.zero_point}" in text


@named
def test_a_float_tensor_is_refused_with_the_name_and_the_remedy(case: Case):
    _, layer, inputs = convert(case)
    layer.name = "head.0"
    with pytest.raises(
        FloatInputError, match=r"module 'head.0' \(Quantized\w+\) got a torch.float32 tensor .*QuantStub"
    ):
        layer(*(x.dequantize() for x in inputs))


@named
def test_a_module_that_was_not_prepared_is_refused(case: Case):
    module, _, _ = convert(case)
    del module.activation_post_process
    with pytest.raises(QuantizationError, match=r"it has no activation_post_process.*prepare"):
        case.quantized.from_float(module)


@pytest.mark.parametrize("case", NORMS.values(), ids=NORMS.keys())
def test_new_statistics_make_a_new_program(case: Case):
    _, layer, inputs = convert(case)
    first = layer(*inputs).int_repr().clone()
    layer.set_output(layer.scale * 2, layer.zero_point)
    assert not torch.equal(layer(*inputs).int_repr(), first)


def test_norms_of_running_statistics_are_refused_with_the_remedy():
    with pytest.raises(QuantizationError, match=r"track_running_stats is True.*batch norm"):
        nnq.InstanceNorm2d.from_float(nn.InstanceNorm2d(4, track_running_stats=True))
    with pytest.raises(QuantizationError, match=r"track_running_stats is False.*qconfig to None"):
        nnq.BatchNorm2d.from_float(nn.BatchNorm2d(4, track_running_stats=False))
