"""Graph mode: static and dynamic post-training quantization, and training."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import pytest
import torch
from tests.tutorials.mobilenet import accuracy, images, sqnr, train
from torch import Tensor, nn

pytestmark = pytest.mark.filterwarnings("ignore")  # the old package warns of its own end


class Net(nn.Module):
    """A residual network without stubs and without FloatFunctional: the graph finds what there is."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16)
        self.conv2, self.bn2 = nn.Conv2d(16, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        self.relu = nn.ReLU()
        self.pool = nn.AdaptiveAvgPool2d(4)
        self.fc = nn.Linear(256, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)) + x)
        return self.fc(torch.flatten(self.pool(x), 1))


@pytest.fixture
def model() -> Net:
    torch.manual_seed(0)
    net = Net()
    train(net, images(20, 16), lr=0.01)
    return net.eval()


def test_post_training_static_quantization(ao: SimpleNamespace, model: Net) -> None:
    qconfig_mapping = ao.tq.get_default_qconfig_mapping("x86")
    example_inputs = (images(1)[0][0],)
    prepared_model = ao.quantize_fx.prepare_fx(copy.deepcopy(model), qconfig_mapping, example_inputs)
    accuracy(prepared_model, images(4))
    quantized_model = ao.quantize_fx.convert_fx(prepared_model)
    x = images(1, seed=5)[0][0]
    with torch.no_grad():
        assert sqnr(model(x), quantized_model(x)) > 20
    assert accuracy(quantized_model, images(8, seed=1)) > accuracy(model, images(8, seed=1)) - 0.05


def test_some_layers_stay_in_float(ao: SimpleNamespace, model: Net) -> None:
    qconfig = ao.tq.get_default_qconfig("x86")
    qconfig_mapping = (
        ao.tq.QConfigMapping()
        .set_global(qconfig)
        .set_object_type(nn.Linear, None)
        .set_module_name("conv1", None)
    )  # fmt: skip
    prepared = ao.quantize_fx.prepare_fx(copy.deepcopy(model), qconfig_mapping, (images(1)[0][0],))
    accuracy(prepared, images(4))
    quantized = ao.quantize_fx.convert_fx(prepared)
    x = images(1, seed=5)[0][0]
    with torch.no_grad():
        assert sqnr(model(x), quantized(x)) > 20


def test_dynamic_quantization(ao: SimpleNamespace) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 8)).eval()
    qconfig_mapping = ao.tq.QConfigMapping().set_global(ao.tq.default_dynamic_qconfig)
    prepared = ao.quantize_fx.prepare_fx(copy.deepcopy(model), qconfig_mapping, (torch.randn(2, 32),))
    quantized = ao.quantize_fx.convert_fx(prepared)
    x = torch.randn(5, 32)
    with torch.no_grad():
        assert sqnr(model(x), quantized(x)) > 25


def test_quantization_aware_training(ao: SimpleNamespace, model: Net) -> None:
    qconfig_mapping = ao.tq.get_default_qat_qconfig_mapping("x86")
    prepared = ao.quantize_fx.prepare_qat_fx(copy.deepcopy(model).train(), qconfig_mapping, (images(1)[0][0],))
    train(prepared, images(8, 16, seed=2), lr=0.001)
    quantized = ao.quantize_fx.convert_fx(prepared.eval())
    assert accuracy(quantized, images(8, seed=1)) > accuracy(model, images(8, seed=1)) - 0.05


def test_fusion_alone(ao: SimpleNamespace, model: Net) -> None:
    fused = ao.quantize_fx.fuse_fx(copy.deepcopy(model))
    x = images(1)[0][0]
    with torch.no_grad():
        assert sqnr(model(x), fused(x)) > 80
