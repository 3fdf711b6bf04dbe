"""A training that was saved goes on bit for bit as if it had not been."""

from __future__ import annotations

import io
from typing import Any

import pytest
import torch
from tests.qat.qat_networks import NETWORKS, QCONFIGS, prepared
from tests.tutorials import mobilenet

from octavo import eager
from octavo import fake_quantize as fq
from octavo.nn.intrinsic.qat import freeze_bn_stats


def _step(model: Any, optimizer: Any, seed: int) -> None:
    torch.manual_seed(seed)  # for the dropout
    ((x, y),) = mobilenet.images(1, 8, seed)
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()


def _saved(*states: Any) -> Any:
    file = io.BytesIO()
    torch.save(states, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


@pytest.mark.parametrize("qconfig", QCONFIGS)
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("frozen", [False, True], ids=["moving", "frozen"])
def test_resumes_from_a_file(network: str, qconfig: str, frozen: bool) -> None:
    model = prepared(network, QCONFIGS[qconfig])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for seed in range(2):
        _step(model, optimizer, seed)
    if frozen:
        model.apply(fq.disable_observer).apply(freeze_bn_stats)
    resumed = prepared(network, QCONFIGS[qconfig], seed=1)
    again = torch.optim.Adam(resumed.parameters(), lr=1e-3)
    state, optimizer_state = _saved(model.state_dict(), optimizer.state_dict())
    resumed.load_state_dict(state)
    again.load_state_dict(optimizer_state)
    if frozen:
        resumed.apply(freeze_bn_stats)  # as with torch.ao, the state has the observers' switches but not this one
    for seed in range(2, 4):
        _step(model, optimizer, seed)
        _step(resumed, again, seed)
    assert model.state_dict().keys() == resumed.state_dict().keys()
    assert all(torch.equal(value, resumed.state_dict()[key]) for key, value in model.state_dict().items())
    x = mobilenet.images(1, 8, 9)[0][0]
    assert torch.equal(eager.convert(model.eval())(x), eager.convert(resumed.eval())(x))


@pytest.mark.filterwarnings("ignore")  # the old package warns of its own end
@pytest.mark.parametrize("fused", [True, False], ids=["fused", "plain"])
def test_the_state_has_the_names_that_people_know(fused: bool) -> None:
    import torch.ao.quantization as old

    ours = prepared("MobileNetV2", QCONFIGS["default per channel"])
    parts = [torch.nn.Conv2d(3, 4, 1), torch.nn.BatchNorm2d(4), torch.nn.ReLU()] if fused else [torch.nn.Linear(3, 4)]
    keys = {}
    for name, package in (("old", old), ("new", eager)):
        model = torch.nn.Sequential(*parts).train()
        if fused:
            model = package.fuse_modules_qat(model, ["0", "1", "2"])
        model.qconfig = old.get_default_qat_qconfig("x86") if package is old else QCONFIGS["default per channel"]
        keys[name] = set(package.prepare_qat(model).state_dict())
    eps = {key for key in keys["old"] if key.endswith(".eps")}  # a setting here
    assert keys["new"] == keys["old"] - eps
    assert any(key.endswith("weight_fake_quant.scale") for key in ours.state_dict())


def test_a_checkpoint_goes_to_a_model_in_evaluation() -> None:
    model = prepared("ResNet", QCONFIGS["default per channel"])
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
    for seed in range(2):
        _step(model, optimizer, seed)
    other = prepared("ResNet", QCONFIGS["default per channel"], seed=1).eval()
    other.load_state_dict(_saved(model.state_dict())[0])
    x = mobilenet.images(1, 4, 9)[0][0]
    y = other(x)
    assert torch.equal(y, model.eval()(x)) and torch.equal(y, eager.convert(other)(x))
