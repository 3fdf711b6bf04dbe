"""Models that no tracer can follow: `if`, loops, dicts, shared modules, unmodified and without stubs."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from octavo.eager import convert, float_modules, prepare, set_qconfig
from octavo.nn import QTensor, conversions
from octavo.nn.errors import FloatInputError
from octavo.numerics import sqnr
from octavo.qconfig import QConfigMapping, get_default_qconfig, get_default_qconfig_mapping


class Branching(nn.Module):
    """A network whose path depends on the values that it sees; `torch.export` refuses it."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU())
        self.shared = nn.Conv2d(8, 8, 3, padding=1)
        self.again = self.shared
        self.bright, self.dark = nn.Linear(8, 4), nn.Linear(8, 4)
        self.never = nn.Linear(8, 4)

    def forward(self, x: Tensor, steps: int = 2) -> dict[str, Tensor]:
        y = self.stem(x)
        for step in range(steps):
            layer = self.shared if step % 2 == 0 else self.again
            y = torch.relu(layer(y)) + y
        features = nn.functional.adaptive_avg_pool2d(y, 1).flatten(1)
        if x.mean() > 5:
            return {"scores": self.never(features)}
        head = self.bright if x.mean() > 0 else self.dark
        return {"scores": head(features), "features": features}


def samples(count: int = 8) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(2, 3, 12, 12, generator=generator) + (0.5 if i % 2 else -0.5) for i in range(count)]


@pytest.fixture
def model() -> Branching:
    torch.manual_seed(0)
    return Branching().eval()


def quantized(model: nn.Module, mapping: QConfigMapping | None = None) -> nn.Module:
    set_qconfig(model, get_default_qconfig_mapping("x86") if mapping is None else mapping)
    prepared = prepare(model, define_by_run=True)
    for x in samples():
        prepared(x)
    return convert(prepared)


def test_export_refuses_the_model(model: Branching) -> None:
    with pytest.raises(Exception, match=r"data-dependent|Could not guard"):
        torch.export.export(model, (samples()[0],))


def test_both_branches_run_in_8_bits(model: Branching) -> None:
    converted = quantized(model)
    for x in samples(4):
        expected, got = model(x), converted(x)
        assert set(got) == set(expected)
        assert sqnr(expected["scores"], got["scores"].dequantize()) > 20
    assert "QuantizedConv2d" in repr(converted.stem) and "QuantizedLinear" in repr(converted.dark)


def test_a_shared_module_stays_shared(model: Branching) -> None:
    converted = quantized(model)
    assert converted.shared is converted.again


def test_neighbours_stay_in_integers(model: Branching) -> None:
    converted = quantized(model)
    seen = []
    converted.shared.register_forward_pre_hook(lambda _, args: seen.append(type(args[0])))
    with conversions.recording() as counted:
        converted(samples()[0], steps=1)
    assert seen == [QTensor]
    # The image enters once; the sum has no qparams of its own, so it and its operands go through float and the head
    # brings its input back.
    assert ("stem.0", "quantize", 1) in counted.rows()
    assert any(where == "function add" for where, _, _ in counted.rows())


def test_what_never_ran_stays_in_float_and_is_listed(model: Branching) -> None:
    converted = quantized(model)
    assert type(converted.never) is nn.Linear
    listed = {module.name: module.reason for module in float_modules(converted)}
    assert "never ran" in listed["never"]
    x = samples()[0] + 6
    assert sqnr(model(x)["scores"], converted(x)["scores"]) > 10


def test_the_state_goes_through_a_safe_file(model: Branching, tmp_path: Path) -> None:
    converted = quantized(model)
    torch.save(converted.state_dict(), tmp_path / "state.pt")
    other = quantized(copy.deepcopy(model).apply(_halve))
    other.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    x = samples()[0]
    assert torch.equal(other(x)["scores"].int_repr(), converted(x)["scores"].int_repr())
    assert torch.equal(copy.deepcopy(converted)(x)["scores"].int_repr(), converted(x)["scores"].int_repr())


def test_a_layer_can_stay_in_float(model: Branching) -> None:
    mapping = get_default_qconfig_mapping("x86").set_module_name("bright", None).set_object_type(nn.Conv2d, None)
    converted = quantized(model, mapping)
    assert type(converted.bright) is nn.Linear and type(converted.shared) is nn.Conv2d
    assert "QuantizedLinear" in repr(converted.dark)
    by_name = quantized(model, QConfigMapping().set_module_name_regex("da.k", get_default_qconfig("x86")))
    assert type(by_name.bright) is nn.Linear and "QuantizedLinear" in repr(by_name.dark)


def test_without_define_by_run_a_float_tensor_is_an_error(model: Branching) -> None:
    set_qconfig(model, get_default_qconfig_mapping("x86"))
    model.never.qconfig = None
    prepared = prepare(model)
    for x in samples():
        prepared(x)
    with pytest.raises(FloatInputError, match=r"module 'stem.0'.*define_by_run=True"):
        convert(prepared)(samples()[0])


def _halve(module: nn.Module) -> None:
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        module.weight.data *= 0.5
