"""Which qconfig a module gets."""

import pytest
from eager_networks import QCONFIG
from torch import nn

from octavo.eager import propagate_qconfig_
from octavo.nn.errors import QuantizationError
from octavo.qconfig import default_dynamic_qconfig, default_qconfig


def model() -> nn.Module:
    return nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.ReLU()), nn.Linear(2, 2))


def test_children_inherit() -> None:
    net = model()
    net[0].qconfig = QCONFIG
    propagate_qconfig_(net)
    assert net[0][0].qconfig is QCONFIG and net[0][1].qconfig is QCONFIG
    assert net.qconfig is None and net[1].qconfig is None


def test_attribute_before_name_before_class_before_parent() -> None:
    net = model()
    net[1].qconfig = None
    propagate_qconfig_(net, {"": QCONFIG, nn.Linear: default_qconfig, "0.0": default_dynamic_qconfig, "1": QCONFIG})
    assert net.qconfig is QCONFIG and net[0][1].qconfig is QCONFIG
    assert net[0][0].qconfig is default_dynamic_qconfig and net[1].qconfig is None


def test_modules_left_alone() -> None:
    net = model()
    custom = {"non_traceable_module_name": ["0"], "non_traceable_module_class": [nn.ReLU]}
    propagate_qconfig_(net, {"": QCONFIG}, custom)
    assert not hasattr(net[0], "qconfig") and not hasattr(net[0][0], "qconfig") and net[1].qconfig is QCONFIG
    net = model()
    propagate_qconfig_(net, {"": QCONFIG}, {"non_traceable_module_class": [nn.ReLU]})
    assert net[0][0].qconfig is QCONFIG and not hasattr(net[0][1], "qconfig")


def test_what_is_no_qconfig() -> None:
    net = model()
    net[0][0].qconfig = "int8"
    said = (
        "the qconfig of '0.0' is a builtins.str, expected an octavo.qconfig.QConfig. Remedy: make it of octavo.qconfig"
    )
    with pytest.raises(QuantizationError, match=said):
        propagate_qconfig_(net)
