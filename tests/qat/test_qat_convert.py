"""What is simulated is what runs: the trained model in evaluation, the converted one, its program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.qat.qat_networks import NETWORKS, QCONFIGS, trained, unseen
from torch import Tensor

import octavo
from octavo import eager
from octavo.nn.qtensor import QTensor
from octavo.nn.quantized import QFunctional
from octavo.program import reference
from octavo.program.file import load


@pytest.fixture(scope="module", params=[(n, q) for n in NETWORKS for q in QCONFIGS], ids=" ".join)
def pair(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """A trained model in evaluation mode, and what it is converted to."""
    network, qconfig = request.param
    model = trained(network, QCONFIGS[qconfig])
    return model, eager.convert(model)


def _outputs(model: Any, names: list[str], x: Tensor) -> dict[str, Any]:
    """Run a model and keep what modules return; of functionals what their observer sees."""
    kept: dict[str, Any] = {}
    handles = []
    for name in names:
        module = model.get_submodule(name)
        seen = module.activation_post_process if hasattr(module, "add_relu") else module
        handles.append(seen.register_forward_hook(lambda _, args, y, name=name: kept.__setitem__(name, y)))
    with torch.no_grad():
        model(x)
    for handle in handles:
        handle.remove()
    return kept


def test_every_layer_gives_the_converted_layer_s_numbers(pair: tuple[Any, Any]) -> None:
    model, converted = pair
    names = [
        name
        for name, module in converted.named_modules()
        if hasattr(module, "output_value") and (not isinstance(module, QFunctional) or module.scale)
    ]
    x = unseen()
    simulated, run = _outputs(model, names, x), _outputs(converted, names, x)
    assert names and simulated.keys() == run.keys() == set(names)
    for name in names:
        y, q = simulated[name], run[name]
        assert isinstance(q, QTensor) and torch.equal(y, q.dequantize()), name


def test_the_program_is_the_converted_model_bit_for_bit(pair: tuple[Any, Any], tmp_path: Path) -> None:
    _, converted = pair
    x = unseen(16)
    with torch.no_grad():
        expected = converted(x).numpy()
    octavo.save(converted, tmp_path / "model.octavo", x[:2])
    loaded = octavo.runtime.load(tmp_path / "model.octavo")
    assert np.array_equal(loaded(x.numpy()), expected)
    (by_reference,) = reference.run(load(tmp_path / "model.octavo"), [x.numpy()])
    assert np.array_equal(by_reference, expected)


def test_gradients_pass_in_evaluation(pair: tuple[Any, Any]) -> None:
    model, _ = pair
    x = unseen(4).requires_grad_()
    model(x).sum().backward()
    assert x.grad is not None and bool(x.grad.any()) and bool(torch.isfinite(x.grad).all())


def test_what_leaves_the_model_is_a_plain_tensor(pair: tuple[Any, Any]) -> None:
    model, _ = pair
    assert type(model(unseen(2))) is Tensor
