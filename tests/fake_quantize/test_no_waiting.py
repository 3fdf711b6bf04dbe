"""A training step never asks the device for a number: each would make it wait."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from octavo import fake_quantize as fq
from octavo.fake_quantize import LearnedFakeQuantize
from octavo.observers import MinMaxObserver


class _NumbersAsked(TorchDispatchMode):
    """Count what moves a number from the device to the host."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += func in (torch.ops.aten._local_scalar_dense.default, torch.ops.aten.nonzero.default)
        return func(*args, **(kwargs or {}))


def test_the_count_counts():
    with _NumbersAsked() as asked:
        torch.ones(1).item()
        bool(torch.ones(1).any())
    assert asked.count == 2


@pytest.mark.parametrize(
    "factory",
    [
        fq.default_fake_quant,
        fq.default_per_channel_weight_fake_quant,
        fq.default_embedding_fake_quant,
        fq.default_dynamic_fake_quant,
        fq.default_fixed_qparams_range_0to1_fake_quant,
        LearnedFakeQuantize.with_args(observer=MinMaxObserver),
    ],
    ids=repr,
)
def test_after_the_first_step_no_number_is_asked_for(factory):
    module = factory()
    x = torch.randn(4, 6, generator=torch.Generator().manual_seed(0))
    module(x)
    for mode in (True, False):
        module.train(mode)
        with _NumbersAsked() as asked:
            module(x.clone().requires_grad_()).sum().backward()
        assert asked.count == 0
