"""What a QConfig is, and which observers it makes for a layer."""

import copy

import pytest
from torch import nn

from octavo import qconfig as q
from octavo.fake_quantize import FakeQuantize
from octavo.observers import HistogramObserver, MinMaxObserver, PerChannelMinMaxObserver
from octavo.qconfig import QConfig, QConfigDynamic, activation_observer, is_dynamic, qconfig_equals, weight_observer


def test_equal_where_kinds_and_settings_are():
    one = QConfig(MinMaxObserver.with_args(quant_max=127), PerChannelMinMaxObserver)
    assert qconfig_equals(one, QConfig(MinMaxObserver.with_args(quant_max=127), PerChannelMinMaxObserver))
    assert not qconfig_equals(one, QConfig(MinMaxObserver.with_args(quant_max=63), PerChannelMinMaxObserver))
    assert not qconfig_equals(one, QConfig(MinMaxObserver.with_args(quant_max=127), MinMaxObserver))
    assert qconfig_equals(None, None) and not qconfig_equals(one, None) and not qconfig_equals(None, one)
    assert qconfig_equals(q.get_default_qat_qconfig(), q.get_default_qat_qconfig())
    assert qconfig_equals(copy.deepcopy(one), one)


def test_is_a_pair():
    activation, weight = q.default_qconfig
    assert (activation, weight) == (q.default_qconfig.activation, q.default_qconfig.weight)
    changed = q.default_qconfig._replace(weight=nn.Identity)
    assert type(changed) is QConfig and changed.weight is nn.Identity


def test_the_old_name_of_dynamic():
    made = QConfigDynamic(weight=MinMaxObserver)
    assert isinstance(made, QConfig) and made.activation is nn.Identity
    with pytest.raises(TypeError, match="weight is MinMaxObserver"):
        QConfigDynamic(weight=MinMaxObserver())


def test_observers_of_a_layer():
    observer = activation_observer(q.get_default_qconfig(), "features.0")
    assert type(observer) is HistogramObserver and observer.name == "features.0"
    assert weight_observer(q.get_default_qconfig(), "features.0").ch_axis == 0


def test_the_observer_of_a_fake_quantize_is_taken_out_of_it():
    observer = activation_observer(QConfig(FakeQuantize.with_args(observer=MinMaxObserver), nn.Identity), "fc")
    assert type(observer) is MinMaxObserver


@pytest.mark.parametrize(
    ("qconfig", "message"),
    [
        (q.float16_dynamic_qconfig, "the activation of its QConfig asks for float16, and there are kernels for 8 bits"),
        (q.float16_static_qconfig, "asks for float16.*Remedy: use default_dynamic_qconfig"),
        (q.default_dynamic_qconfig, "chooses qparams when the model runs.*Remedy: quantize_dynamic"),
        (q.default_weight_only_qconfig, "makes Identity, which chooses no qparams. Remedy: give its QConfig an"),
        (q.default_debug_qconfig, "makes RecordingObserver, which chooses no qparams"),
    ],
)
def test_an_activation_without_qparams_is_an_error_that_names_the_layer(qconfig, message):
    with pytest.raises(ValueError, match=f"layer 'encoder.fc': .*{message}"):
        activation_observer(qconfig, "encoder.fc")


def test_a_weight_without_qparams_is_an_error_that_names_the_layer():
    with pytest.raises(ValueError, match="layer 'fc': the weight of its QConfig makes Identity"):
        weight_observer(q.default_activation_only_qconfig, "fc")


def test_which_are_dynamic():
    dynamic = [name for name in q.__all__ if isinstance(getattr(q, name), QConfig) and is_dynamic(getattr(q, name))]
    assert dynamic == [
        "default_dynamic_qat_qconfig",
        "default_dynamic_qconfig",
        "float16_dynamic_qconfig",
        "per_channel_dynamic_qconfig",
    ]
