"""Wrong calls, and what they are told."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
import torch
from tests.qat.qat_networks import QCONFIGS, prepared, trained
from tests.tutorials import mobilenet
from torch import nn

import octavo.nn.qat.dynamic
from octavo import eager
from octavo.eager import FusionError, ModeError, NotCalibratedError
from octavo.nn.errors import QuantizationError
from octavo.qconfig import default_dynamic_qat_qconfig, default_weight_only_qconfig, get_default_qconfig

_DEFAULT = QCONFIGS["default per channel"]


def _layers(qconfig: Any) -> nn.Sequential:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()).train()
    model[0].qconfig = qconfig
    return model


def test_a_model_in_evaluation_mode() -> None:
    with pytest.raises(ModeError, match=r"prepare_qat: the model is in evaluation mode, .* Remedy: call model\.train"):
        eager.prepare_qat(_layers(_DEFAULT).eval())


@pytest.mark.parametrize(
    ("qconfig", "message"),
    [
        (
            get_default_qconfig("x86"),
            "'0' makes HistogramObserver for the activation, which observes but does not round",
        ),
        (
            _DEFAULT._replace(weight=get_default_qconfig("x86").weight),
            "'0' makes PerChannelMinMaxObserver for the weight, which observes but does not round",
        ),
    ],
)
def test_a_qconfig_of_observers(qconfig: Any, message: str) -> None:
    with pytest.raises(QuantizationError, match=f"prepare_qat: the qconfig of {message}.* Remedy: .*fake-quantize"):
        eager.prepare_qat(_layers(qconfig))
    eager.prepare_qat(_layers(default_weight_only_qconfig))  # what stays in float is not observed


def test_a_batch_norm_without_running_statistics() -> None:
    layers = [nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False), nn.ReLU()]
    model = nn.Sequential(*layers).train()
    with pytest.raises(FusionError, match="no running statistics; expected track_running_stats=True"):
        eager.fuse_modules_qat(model, ["0", "1", "2"])


def test_converting_before_training() -> None:
    with pytest.raises(NotCalibratedError, match="have seen no tensor"):
        eager.convert(prepared("ResNet", _DEFAULT))


def test_converting_while_training_takes_what_was_learned_so_far() -> None:
    """It is no error, as it is none with torch.ao: tutorials convert a copy after each epoch."""
    model = trained("ResNet", _DEFAULT, steps=2).train()
    before = copy.deepcopy(model.state_dict())
    now, later = eager.convert(model), eager.convert(copy.deepcopy(model).eval())
    assert now.training and not later.training
    x = mobilenet.images(1)[0][0]
    assert torch.equal(now.eval()(x), later(x))
    assert all(torch.equal(value, model.state_dict()[key]) for key, value in before.items())


def test_a_batch_with_nan_does_no_harm() -> None:
    """Its range is not taken, and NaN is rounded to the least number of the range it meets, as in a converted model."""
    model = trained("ResNet", _DEFAULT, steps=2).train()
    before = {key: value.clone() for key, value in model.state_dict().items() if key.startswith("quant.")}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    ((x, y),) = mobilenet.images(1)
    x[0, 0, 0, 0] = torch.nan
    torch.nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
    state = model.state_dict()
    assert before and all(torch.equal(value, state[key]) for key, value in before.items())
    assert all(bool(torch.isfinite(value).all()) for value in state.values())


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_weights_that_diverged_are_not_converted(value: float) -> None:
    model = trained("ResNet", _DEFAULT, steps=2)
    with torch.no_grad():
        model.block1.conv1.weight[0, 0, 0, 0] = value
    message = r"module 'block1\.conv1' \(ConvBnReLU2d\): its weight.* is NaN or infinite.* Remedy: .*learning rate"
    with pytest.raises(QuantizationError, match=message):
        eager.convert(model)


def test_dynamic_layers_need_a_range_for_each_tensor() -> None:
    linear: Any = nn.Linear(3, 4)
    linear.qconfig = _DEFAULT
    with pytest.raises(ValueError, match=re.escape("Remedy: default_dynamic_qat_qconfig")):
        octavo.nn.qat.dynamic.Linear.from_float(linear)
    linear.qconfig = default_dynamic_qat_qconfig
    assert octavo.nn.qat.dynamic.Linear.from_float(linear).weight is linear.weight


@pytest.mark.parametrize("family", ["octavo.nn.qat.Linear", "octavo.nn.intrinsic.qat.LinearBn1d"])
def test_a_layer_without_a_qconfig(family: str) -> None:
    module, _, name = family.rpartition(".")
    layer = getattr(__import__(module, fromlist=[name]), name)
    with pytest.raises(ValueError, match=f"{name}: got qconfig None, expected a QConfig with fake-quantize modules"):
        layer(3, 4)
