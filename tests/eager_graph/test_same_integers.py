"""Both front doors, from the same float model, data and observers: the same program, so the same integers."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from benchmarks.networks.torchvision_schemas import torchvision_models
from torch import Tensor, nn

from octavo import eager
from octavo.observers import HistogramObserver, MinMaxObserver, default_per_channel_weight_observer
from octavo.program import Program
from octavo.qconfig import QConfig, QConfigMapping
from octavo.recipe import convert_fx, prepare_fx, to_program
from octavo.runtime import LoadedProgram

OBSERVERS = {"histogram": HistogramObserver, "min_max": MinMaxObserver}
LAYERS = {"resnet18": 34, "mobilenet_v2": 67}


pytestmark = pytest.mark.usefixtures("one_torch_thread")


def build(name: str) -> nn.Module:
    """Build a quantizable network of torchvision whose batch norms do something."""
    torch.manual_seed(0)
    model = getattr(torchvision_models().quantization, name)(weights=None, quantize=False)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.2)
    return model.eval()


def fuse(model: nn.Module, monkeypatch: pytest.MonkeyPatch) -> nn.Module:
    """Let torchvision's list of what to fuse be fused by `octavo.eager.fuse_modules`."""

    def fuse_modules(model: nn.Module, names: list[str], is_qat: bool, **settings: bool) -> nn.Module:
        assert not is_qat
        return eager.fuse_modules(model, names, **settings)

    for module in (torchvision_models().quantization.resnet, torchvision_models().quantization.mobilenetv2):
        monkeypatch.setattr(module, "_fuse_modules", fuse_modules)
    model.fuse_model(is_qat=False)
    return model


def assert_same(ours: Program, theirs: Program, x: Tensor) -> None:
    """Compare two programs operator by operator, and every value that they compute."""
    for a, b in zip(ours.operators, theirs.operators, strict=True):
        assert (a.type, a.attributes) == (b.type, b.attributes), (a.name, b.name)
        assert [ours.values[v] for v in a.outputs] == [theirs.values[v] for v in b.outputs], (a.name, b.name)
        for role in a.constants:
            same = np.array_equal(ours.constants[a.constants[role]], theirs.constants[b.constants[role]])
            assert same, f"{a.name}: {role} differs"
    for a, b in zip(values_of(ours, x), values_of(theirs, x), strict=True):
        assert np.array_equal(a, b)


def values_of(program: Program, x: Tensor) -> list[np.ndarray]:
    """Return the integers of every layer."""
    names = tuple(name for operator in program.operators for name in operator.outputs)
    everything = replace(program, outputs=names, output_structure=list(range(len(names))))
    return LoadedProgram(everything, threads=1)(x.numpy())


@pytest.mark.parametrize("observer", OBSERVERS)
@pytest.mark.parametrize("name", LAYERS)
def test_torchvision(name, observer, monkeypatch):
    model = build(name)
    qconfig = QConfig(OBSERVERS[observer].with_args(dtype="uint8"), default_per_channel_weight_observer)
    data = [torch.randn(2, 3, 64, 64) for _ in range(3)]
    float_model = fuse(copy.deepcopy(model), monkeypatch)
    float_model.qconfig = qconfig
    in_eager = eager.prepare(float_model)
    in_graph = prepare_fx(model, QConfigMapping().set_global(qconfig), (data[0],))
    with torch.no_grad():
        for x in data:
            assert torch.equal(in_eager(x), in_graph(x))
    converted, graph = eager.convert(in_eager), convert_fx(in_graph)
    x = torch.randn(3, 3, 64, 64)
    program = to_program(converted, x)
    assert len(program.operators) == LAYERS[name]
    assert_same(program, graph.program, x)
    logits = converted(x)
    assert torch.equal(logits, graph(x)) and len(logits.unique()) > 100
