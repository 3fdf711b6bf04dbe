"""The forms that people know by name, against those of torch.ao."""

import pytest
import torch
from torch.ao.quantization import fake_quantize as peer

from octavo import fake_quantize as ours

_NAMES = sorted(
    name
    for name in peer.__all__
    if name not in ("enable_observer", "disable_observer", "enable_fake_quant", "disable_fake_quant")
    and not name.endswith("4bit")
)


def test_all_names_are_there():
    assert set(_NAMES) <= set(ours.__all__)


@pytest.mark.parametrize("name", [name for name in _NAMES if name[0].islower()])
@pytest.mark.filterwarnings("ignore:Please use quant_min")
def test_same_kind_of_quantization_as_the_peer(name):
    mine, other = getattr(ours, name)(), getattr(peer, name)()
    assert type(mine).__name__ == type(other).__name__
    assert type(mine.activation_post_process).__name__ == type(other.activation_post_process).__name__
    assert f"torch.q{mine.dtype}" == str(other.dtype) and f"torch.{mine.qscheme}" == str(other.qscheme)
    assert mine.is_dynamic == other.is_dynamic
    symmetric = mine.qscheme.endswith("symmetric")
    assert (mine.quant_min, mine.quant_max) == ((-127, 127) if symmetric else (0, 255))
    x = torch.randn(8, 8, generator=torch.Generator().manual_seed(0)).clamp(-1, 1).abs()
    mine, other = mine.train(), other.train()
    steps = (mine(x) - other(x)).abs().max() / mine.scale.max()
    assert steps <= 2.1  # torch.ao uses 7 bits in default_fake_quant, and another search in the histogram


@pytest.mark.parametrize("name", [n for n in ours.__all__ if "weight_fake" in n or "wt_fake" in n])
def test_weights_have_the_range_of_the_weight_as_it_is(name):
    module = getattr(ours, name)()
    module(torch.full((3, 4), 50.0))
    module(torch.full((3, 4), 1.27))
    assert module.scale.flatten().tolist() == pytest.approx([0.01] * module.scale.numel())
