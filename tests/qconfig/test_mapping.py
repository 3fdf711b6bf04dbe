import pytest
from torch import nn

from octavo.observers import MinMaxObserver, PerChannelMinMaxObserver
from octavo.qconfig import QConfig, QConfigMapping


def _qconfig(quant_max: int) -> QConfig:
    return QConfig(MinMaxObserver.with_args(quant_max=quant_max), PerChannelMinMaxObserver)


_A, _B, _C, _D = (_qconfig(quant_max) for quant_max in (255, 127, 63, 31))


def test_without_rules_everything_stays_in_float():
    assert QConfigMapping().resolve("conv1", "conv") is None


def test_precedence():
    mapping = (
        QConfigMapping()
        .set_global(_A)
        .set_object_type("conv", _B)
        .set_module_name_regex(r"layer\d", _C)
        .set_module_name("layer2.0", _D)
    )
    assert mapping.resolve("fc", "linear") == _A
    assert mapping.resolve("stem", "conv") == _B
    assert mapping.resolve("layer1.0.conv", "conv") == _C
    assert mapping.resolve("layer2.0.conv", "conv") == _D
    assert mapping.resolve("layer2.01", "conv") == _C


def test_none_keeps_a_part_in_float():
    mapping = QConfigMapping().set_global(_A).set_object_type("softmax", None).set_module_name("head", None)
    assert mapping.resolve("head.fc", "linear") is None
    assert mapping.resolve("attention", "softmax") is None
    assert mapping.resolve("header", "linear") == _A
    mapping.set_module_name("head.fc", _B)
    assert mapping.resolve("head.fc", "linear") == _B


def test_first_regex_wins():
    mapping = QConfigMapping().set_module_name_regex("a.*", _A).set_module_name_regex("ab.*", _B)
    assert mapping.resolve("abc", "conv") == _A
    assert mapping.resolve("b.abc", "conv") is None


def test_refuses_what_is_no_regex():
    with pytest.raises(ValueError, match="is not a regular expression"):
        QConfigMapping().set_module_name_regex("(", _A)


def test_refuses_an_observer_in_place_of_a_factory():
    with pytest.raises(TypeError, match="activation is MinMaxObserver"):
        QConfig(MinMaxObserver(), PerChannelMinMaxObserver)
    with pytest.raises(TypeError, match="weight is str"):
        QConfig(MinMaxObserver, "int8")


def test_repr_shows_the_rules():
    assert "module_name_qconfigs\n  stem: None\n" in repr(QConfigMapping().set_module_name("stem", None))


def _everything() -> QConfigMapping:
    return (
        QConfigMapping()
        .set_global(_A)
        .set_object_type(nn.Linear, None)
        .set_object_type("conv", _B)
        .set_module_name_regex("head.*", _C)
        .set_module_name("stem", _D)
        .set_module_name_object_type_order("block", nn.Linear, 1, _B)
    )


def test_dictionary_there_and_back():
    rules = _everything().to_dict()
    assert rules == {
        "": _A,
        "object_type": [(nn.Linear, None), ("conv", _B)],
        "module_name_regex": [("head.*", _C)],
        "module_name": [("stem", _D)],
        "module_name_object_type_order": [("block", nn.Linear, 1, _B)],
    }
    assert QConfigMapping.from_dict(rules).to_dict() == rules
    assert QConfigMapping.from_dict({"module_name": {"stem": None}}).resolve("stem", "conv") is None
    assert QConfigMapping.from_dict({}).to_dict() == QConfigMapping().to_dict()


def test_dictionary_with_an_unknown_key():
    with pytest.raises(ValueError, match="got key 'modules', expected some of '', 'object_type'"):
        QConfigMapping.from_dict({"modules": []})


def test_attributes_hold_the_rules():
    mapping = _everything()
    assert mapping.global_qconfig == _A
    assert dict(mapping.object_type_qconfigs) == {nn.Linear: None, "conv": _B}
    assert dict(mapping.module_name_regex_qconfigs) == {"head.*": _C}
    assert dict(mapping.module_name_qconfigs) == {"stem": _D}
    assert dict(mapping.module_name_object_type_order_qconfigs) == {("block", nn.Linear, 1): _B}


def test_the_order_of_calls_counts_most():
    mapping = _everything().set_module_name("block", None)
    assert mapping.resolve("block.linear", "linear", "Linear", path="block", order=1) == _B
    assert mapping.resolve("block.linear", "linear", "Linear", path="block", order=0) is None
    assert mapping.resolve("block.linear", "linear", "Linear") is None


def test_the_second_call_of_a_module_may_have_a_rule_of_its_own():
    mapping = QConfigMapping().set_global(_A).set_module_name("block.conv@1", None)
    assert mapping.resolve("block.conv@1", nn.Conv2d) is None
    assert mapping.resolve("block.conv", nn.Conv2d) is _A
    mapping = QConfigMapping().set_global(_A).set_module_name("block.conv", None)
    assert mapping.resolve("block.conv@1", nn.Conv2d) is None
    mapping = QConfigMapping().set_global(_A).set_module_name_regex(r"block\.conv$", None)
    assert mapping.resolve("block.conv@1", nn.Conv2d) is None
