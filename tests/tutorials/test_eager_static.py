"""Static quantization in eager mode: post-training, per tensor and per channel, then quantization-aware training."""

from __future__ import annotations

import copy
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from tests.tutorials import mobilenet

pytestmark = pytest.mark.filterwarnings("ignore")  # the old package warns of its own end


def test_post_training_static_quantization(ao: SimpleNamespace, tmp_path: Path) -> None:
    float_model = mobilenet.trained(ao).eval()
    data, unseen = mobilenet.images(4), mobilenet.images(8, seed=1)
    before = mobilenet.accuracy(float_model, unseen)

    my_model = copy.deepcopy(float_model)
    my_model.fuse_model()
    my_model.qconfig = ao.tq.default_qconfig
    ao.tq.prepare(my_model, inplace=True)
    mobilenet.accuracy(my_model, data)
    ao.tq.convert(my_model, inplace=True)
    after = mobilenet.accuracy(my_model, unseen)
    assert abs(after - before) < 0.1

    torch.save(my_model.state_dict(), tmp_path / "quantized.pth")
    torch.save(float_model.state_dict(), tmp_path / "float.pth")
    sizes = [(tmp_path / name).stat().st_size for name in ("quantized.pth", "float.pth")]
    assert sizes[0] < sizes[1]


def test_per_channel_quantization(ao: SimpleNamespace) -> None:
    float_model = mobilenet.trained(ao).eval()
    data, unseen = mobilenet.images(4), mobilenet.images(8, seed=1)
    per_channel_quantized_model = copy.deepcopy(float_model)
    per_channel_quantized_model.fuse_model()
    per_channel_quantized_model.qconfig = ao.tq.get_default_qconfig("x86")
    ao.tq.prepare(per_channel_quantized_model, inplace=True)
    mobilenet.accuracy(per_channel_quantized_model, data)
    ao.tq.convert(per_channel_quantized_model, inplace=True)
    image = unseen[0][0]
    assert mobilenet.sqnr(float_model(image).detach(), per_channel_quantized_model(image).detach()) > 15
    assert "QuantizedConvReLU2d(" in repr(per_channel_quantized_model)
    assert "scale=" in repr(per_channel_quantized_model) and "zero_point=" in repr(per_channel_quantized_model)


def test_quantization_aware_training(ao: SimpleNamespace) -> None:
    qat_model = mobilenet.trained(ao)
    before = mobilenet.accuracy(copy.deepcopy(qat_model).eval(), mobilenet.images(8, seed=1))
    qat_model.train()
    qat_model.fuse_model(is_qat=True)
    qat_model.qconfig = ao.tq.get_default_qat_qconfig("x86")
    ao.tq.prepare_qat(qat_model, inplace=True)
    num_train_batches = 6
    for nepoch in range(3):
        mobilenet.train(qat_model, mobilenet.images(num_train_batches, 16, seed=nepoch), lr=0.001)
        if nepoch > 0:
            qat_model.apply(ao.tq.disable_observer)
        if nepoch > 1:
            qat_model.apply(ao.nniqat.freeze_bn_stats)
        quantized_model = ao.tq.convert(copy.deepcopy(qat_model).eval(), inplace=False)
        quantized_model.eval()
    after = mobilenet.accuracy(quantized_model, mobilenet.images(8, seed=1))
    assert after > before - 0.1


def test_quantize_runs_all_steps(ao: SimpleNamespace) -> None:
    model = mobilenet.trained(ao).eval()
    model.fuse_model()
    model.qconfig = ao.tq.get_default_qconfig("fbgemm")
    quantized = ao.tq.quantize(model, mobilenet.accuracy, [mobilenet.images(2)])
    image = mobilenet.images(1, seed=3)[0][0]
    assert quantized(image).shape == (8, 10)
