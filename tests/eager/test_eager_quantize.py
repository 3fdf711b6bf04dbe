"""Prepare, run and convert in one call."""

import torch
from eager_networks import FUSED, QCONFIG, Residual, images, residual
from torch import Tensor, nn

from octavo import eager
from octavo.nn import quantized
from octavo.numerics import sqnr
from octavo.qconfig import default_qat_qconfig


def batches(n: int) -> list[tuple[Tensor, Tensor]]:
    return [(images(), torch.randint(0, 5, (4,))) for _ in range(n)]


def train(model: nn.Module, data: list[tuple[Tensor, Tensor]]) -> None:
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    for x, target in data:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), target).backward()
        optimizer.step()


def test_calibrating() -> None:
    model, data = eager.fuse_modules(residual(), FUSED), batches(3)
    model.qconfig = QCONFIG
    q = eager.quantize(model.train(), eager.default_eval_fn, [data])
    assert type(q.fc) is quantized.Linear and not q.training and type(model.fc) is nn.Linear
    assert sqnr(model.eval()(data[0][0]), q(data[0][0])) > 25
    assert eager.quantize(model, eager.default_eval_fn, [data], inplace=True) is model


def test_training() -> None:
    model = eager.fuse_modules_qat(Residual(), FUSED)
    model.qconfig = default_qat_qconfig
    q = eager.quantize_qat(model.eval(), train, [batches(3)])
    assert type(q.fc) is quantized.Linear and type(model.fc) is nn.Linear
    assert q(images()).shape == (4, 5)
    assert eager.quantize_qat(model, train, [batches(1)], inplace=True) is model


def test_what_observers_know_goes_from_one_model_to_another() -> None:
    first, second = residual(), residual()
    first.qconfig = second.qconfig = QCONFIG
    first, second = eager.prepare(first), eager.prepare(second)
    first(images())
    state = eager.get_observer_state_dict(first)
    assert state and all("activation_post_process" in key for key in state)
    eager.load_observer_state_dict(second, state)
    assert eager.convert(second).fc.scale == eager.convert(first).fc.scale
