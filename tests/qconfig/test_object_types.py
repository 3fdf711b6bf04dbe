"""Rules for classes, functions and operators, in both front doors."""

import operator

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from octavo.graph import capture, prepare
from octavo.qconfig import QConfigMapping, default_reuse_input_qconfig, default_static
from octavo.qconfig.object_types import kind_of, operator_name

_A, _B = default_static().global_qconfig, default_static("min_max").global_qconfig


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Conv2d", "conv"), ("conv1d", "conv"), ("ConvTranspose2d", "conv_transpose"), ("Linear", "linear"),
        ("MaxPool2d", "max_pool"), ("adaptive_avg_pool2d", "adaptive_avg_pool"), ("LayerNorm", "layer_norm"),
        ("ReLU", "clamp"), ("ReLU6", "clamp"), ("LeakyReLU", "leaky_relu"), ("PReLU", "prelu"), ("GELU", "gelu"),
        ("add_", "add"), ("iadd", "add"), ("cat", "concat"), ("flatten", "reshape"), ("sigmoid_", "sigmoid"),
    ],
)  # fmt: skip
def test_names_of_operators(name, expected):
    assert operator_name(name) == expected


def test_kinds():
    assert kind_of(nn.Linear) == ("module", "Linear")
    assert kind_of(torch.add) == kind_of(operator.add) == kind_of(operator.iadd) == ("function", "add")
    assert kind_of(F.conv2d) == ("function", "conv")
    assert kind_of("Conv2d") == ("operator", "conv")
    with pytest.raises(TypeError, match="object type: got 3, expected a module class"):
        QConfigMapping().set_object_type(3, None)


def test_eager_asks_with_the_class():
    mapping = QConfigMapping().set_global(_A).set_object_type(nn.Linear, None).set_object_type("conv", _B)
    assert mapping.resolve("fc", nn.Linear) is None
    assert mapping.resolve("conv", nn.Conv2d) == _B
    assert mapping.resolve("act", nn.ReLU) == _A


def test_a_class_counts_more_than_an_operator():
    mapping = QConfigMapping().set_object_type("conv", _A).set_object_type(nn.Conv2d, _B)
    assert mapping.resolve("c", nn.Conv2d) == _B and mapping.resolve("c", nn.Conv1d) == _A


def test_a_function_is_not_the_layer_of_that_name():
    mapping = QConfigMapping().set_global(_A).set_object_type(F.linear, None)
    assert mapping.resolve("fc", nn.Linear) == _A
    assert mapping.resolve("linear", "linear", "Net") is None


def test_a_rule_that_reuses_the_input_counts_as_none():
    mapping = QConfigMapping().set_global(_A).set_object_type("reshape", default_reuse_input_qconfig)
    assert mapping.resolve("flatten", "reshape", "Net") == _A


class _Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.act = nn.Sigmoid()
        self.block = nn.Sequential(nn.Conv2d(4, 4, 1), nn.ReLU())
        self.fc = nn.Linear(4, 4)
        self.last = nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.act(self.conv(x))
        y = torch.tanh(self.block(x)) * torch.sigmoid(x)
        y = F.adaptive_avg_pool2d(y, 1).flatten(1)
        return self.last(F.linear(y, self.fc.weight) + F.linear(y, self.last.weight.T @ self.last.weight))


def _float(mapping: QConfigMapping) -> set[str]:
    torch.manual_seed(0)
    example = torch.randn(2, 3, 6, 6)
    return {name for name, found in prepare(capture(_Net().eval(), (example,)), mapping).qconfigs.items() if not found}


@pytest.fixture(scope="module")
def names() -> set[str]:
    return _float(QConfigMapping())


@pytest.mark.parametrize(
    ("object_type", "expected"),
    [
        (nn.Conv2d, {"conv", "block.0"}),
        ("conv", {"conv", "block.0"}),
        (nn.Linear, {"last"}),
        (nn.Sigmoid, {"act"}),
        (torch.sigmoid, {"function@1"}),
        ("sigmoid", {"act", "function@1"}),
        (torch.tanh, {"function"}),
        (operator.mul, {"mul"}),
        (nn.Conv1d, set()),
        (F.conv2d, set()),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)) if not isinstance(value, set) else str(len(value)),
)
def test_the_graph_keeps_what_a_rule_names_in_float(names, object_type, expected):
    found = _float(default_static().set_object_type(object_type, None))
    assert found == expected and expected <= names


def test_the_graph_knows_the_order_of_calls(names):
    functions = sorted(name for name in names if name.startswith("fc") or "linear" in name)
    for index in range(2):
        mapping = default_static().set_module_name_object_type_order("", F.linear, index, None)
        found = _float(mapping)
        assert len(found) == 1 and found <= names, (found, functions)
    assert _float(default_static().set_module_name_object_type_order("", F.linear, 2, None)) == set()
