"""torchvision's quantizable networks, from their own fuse_model or ours to 8 bits."""

import copy
import io
from collections.abc import Callable
from typing import Any

import pytest
import torch
from benchmarks.networks.torchvision_schemas import torchvision_models
from eager_networks import QCONFIG, integers, randomized
from torch import Tensor, nn

from octavo import eager
from octavo.nn.conversions import Conversions
from octavo.numerics import sqnr
from octavo.qconfig import get_default_qat_qconfig

SIZE = 64


def images(seed: int) -> Tensor:
    return torch.randn(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(seed))


def network(name: str) -> Any:
    """Build a quantizable network with random weights."""
    torchvision_models()
    from torchvision.models import quantization

    torch.manual_seed(0)
    return randomized(getattr(quantization, name)(weights=None, num_classes=10)).eval()


def their_fusion(model: Any) -> nn.Module:
    """Fuse with torchvision's method, which makes fused modules of torch.ao."""
    model.fuse_model()
    return model


def our_fusion(model: nn.Module) -> nn.Module:
    """Fuse the same modules, each sequence of (convolution, batch norm, ReLU) that runs as one."""
    groups: list[list[str]] = []
    for name, module in model.named_modules():
        prefix = f"{name}." if name else ""
        kinds = {key: type(child) for key, child in module.named_children()}
        if "conv1" in kinds:
            groups.append([f"{prefix}conv1", f"{prefix}bn1", f"{prefix}relu"])
        if "conv2" in kinds:
            groups.append([f"{prefix}conv2", f"{prefix}bn2"])
        if isinstance(module, nn.Sequential):
            for key, kind in kinds.items():
                if kind is nn.Conv2d:
                    run = [key, str(int(key) + 1), str(int(key) + 2)]
                    last = 3 if kinds.get(run[2]) is nn.ReLU else 2
                    groups.append([prefix + part for part in run[:last]])
    return eager.fuse_modules(model, groups)


def prepared_of(model: Any) -> nn.Module:
    model.qconfig = QCONFIG
    prepared = eager.prepare(model)
    with torch.inference_mode():
        for seed in (1, 2):
            prepared(images(seed))
    return prepared


@pytest.mark.parametrize("fuse", [their_fusion, our_fusion])
@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2"])
def test_a_quantizable_network(name: str, fuse: Callable[[Any], nn.Module], counted: Conversions) -> None:
    real = network(name)
    prepared = prepared_of(fuse(copy.deepcopy(real)))
    q, x = eager.convert(prepared), images(3)
    with torch.inference_mode():
        want, got = real(x), q(x)
    # Random weights spread values wide: a trained network does better.
    assert sqnr(want, got) > 20
    assert counted.total() == 0 and eager.float_modules(q) == []
    assert torch.equal(copy.deepcopy(q)(x), got)


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2"])
def test_a_saved_state_gives_the_same_integers(name: str) -> None:
    q, x, buffer = eager.convert(prepared_of(our_fusion(network(name)))), images(3), io.BytesIO()
    torch.save(q.state_dict(), buffer)
    other = our_fusion(network(name))
    for parameter in other.parameters():
        nn.init.normal_(parameter, std=0.1)
    again = eager.convert(prepared_of(other))
    again.load_state_dict(torch.load(io.BytesIO(buffer.getvalue()), weights_only=True))
    first, second = integers(q, x), integers(again, x)
    assert len(first) > 20 and first.keys() == second.keys()
    for layer, calls in first.items():
        for (a, *qparams), (b, *others) in zip(calls, second[layer], strict=True):
            assert torch.equal(a, b) and qparams == others


def test_a_network_trained_for_8_bits(counted: Conversions) -> None:
    model = network("mobilenet_v2").train()
    model.fuse_model(is_qat=True)
    model.qconfig = get_default_qat_qconfig("x86")
    prepared = eager.prepare_qat(model)
    optimizer = torch.optim.SGD(prepared.parameters(), 1e-3)
    for seed in (1, 2):
        optimizer.zero_grad()
        prepared(images(seed)).square().mean().backward()
        optimizer.step()
    prepared.eval()
    q, x = eager.convert(prepared), images(3)
    with torch.no_grad():
        assert sqnr(prepared(x), q(x)) > 20
    assert counted.total() == 0 and eager.float_modules(q) == []
