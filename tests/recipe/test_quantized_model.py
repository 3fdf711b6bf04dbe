from __future__ import annotations

import copy
import pickle

import pytest
import torch

from octavo.program import ShapeError
from octavo.recipe import QuantizedModel


def _same(a, b) -> bool:
    return all(torch.equal(a[key], b[key]) for key in a)


def test_copies_answer_alike(quantized, samples):
    expected = quantized(samples[0])
    for copied in (copy.deepcopy(quantized), pickle.loads(pickle.dumps(quantized))):
        assert copied is not quantized
        assert _same(copied(samples[0]), expected)


def test_state_dict_restores_the_constants(quantized, samples):
    state = quantized.state_dict()
    assert state and all(isinstance(value, torch.Tensor) for value in state.values())
    other = copy.deepcopy(quantized)
    changed = {name: torch.zeros_like(value) if value.dtype == torch.int8 else value for name, value in state.items()}
    other.load_state_dict(changed)
    assert not _same(other(samples[0]), quantized(samples[0]))
    other.load_state_dict(state)
    assert _same(other(samples[0]), quantized(samples[0]))


def test_wrong_state_dict_changes_nothing(quantized, samples):
    other = copy.deepcopy(quantized)
    state = other.state_dict()
    name = next(iter(state))
    with pytest.raises(RuntimeError, match="expected"):
        other.load_state_dict({**state, name: torch.zeros(3)})
    with pytest.raises(RuntimeError, match="Missing key"):
        other.load_state_dict({key: value for key, value in state.items() if key != name})
    with pytest.raises(RuntimeError, match="Unexpected key"):
        other.load_state_dict({**state, "more": torch.zeros(3)})
    assert _same(other(samples[0]), quantized(samples[0]))


def test_lives_inside_another_module(quantized, samples):
    outer = torch.nn.Sequential(torch.nn.Identity(), quantized)
    assert _same(outer(samples[0]), quantized(samples[0]))
    assert all(name.startswith("1.") for name in outer.state_dict())
    outer.load_state_dict(outer.state_dict())


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (torch.zeros(1, 4, 12, 12), ShapeError, "axis 1"),
        (torch.zeros(3, 12, 12), ShapeError, "axes"),
        (torch.zeros(1, 3, 12, 12, dtype=torch.float64), TypeError, "float64"),
        (torch.zeros(1, 3, 12, 12, device="meta"), TypeError, "on meta"),
        ([1, 2], TypeError, "expected a torch.Tensor"),
        ((), TypeError, "missing input"),
    ],
    ids=["channels", "rank", "dtype", "device", "kind", "none"],
)
def test_wrong_inputs(quantized, given, error, message):
    with pytest.raises(error, match=message):
        quantized(given)


def test_strided_and_differentiable_tensors(quantized, samples):
    x = samples[0].permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2).requires_grad_()
    assert _same(quantized(x), quantized(samples[0]))


def test_a_program_alone_has_no_report(quantized):
    with pytest.raises(ValueError, match="needs the float module"):
        QuantizedModel(quantized.program).report()


def test_torch_export_holds_the_program(quantized, samples):
    batch = torch.export.Dim.AUTO
    exported = torch.export.export(quantized, (samples[0],), dynamic_shapes=(({0: batch},),))
    names = [str(node.target) for node in exported.graph.nodes if node.op == "call_function"]
    assert names.count("octavo.run.default") == 1
    x = samples[1][:3]
    for key, got in exported.module()(x).items():
        assert torch.equal(got, quantized(x)[key])


def test_state_dict_goes_through_a_weights_only_file(quantized, samples, tmp_path):
    torch.save(quantized.state_dict(), tmp_path / "m.pt")
    other = copy.deepcopy(quantized)
    blank = {name: torch.zeros_like(tensor) for name, tensor in quantized.state_dict().items()}
    blank |= {name: tensor for name, tensor in quantized.state_dict().items() if name.endswith("scale")}
    other.load_state_dict(blank)
    assert not torch.equal(other(samples[0])["logits"], quantized(samples[0])["logits"])
    other.load_state_dict(torch.load(tmp_path / "m.pt", weights_only=True))
    assert torch.equal(other(samples[0])["logits"], quantized(samples[0])["logits"])
