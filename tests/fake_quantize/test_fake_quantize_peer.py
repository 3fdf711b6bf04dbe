"""The same numbers, state and look as those of torch.ao."""

import re

import pytest
import torch
from torch.ao import quantization as peer

from octavo import fake_quantize as fq
from octavo import observers
from octavo.fake_quantize import FakeQuantize


def _batch(seed: int) -> torch.Tensor:
    return torch.randn(5, 6, generator=torch.Generator().manual_seed(seed)) * (seed + 1)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("FakeQuantize", {}),
        ("FakeQuantize", {"observer": "MovingAverageMinMaxObserver", "quant_min": 0, "quant_max": 127}),
        ("FusedMovingAvgObsFakeQuantize", {"averaging_constant": 0.2, "quant_min": 0, "quant_max": 255}),
        (
            "FakeQuantize",  # the peer's fused form scales [-127, 127] as if it began at -128
            {
                "observer": "MovingAveragePerChannelMinMaxObserver", "dtype": torch.qint8, "averaging_constant": 0.5,
                "qscheme": torch.per_channel_symmetric, "quant_min": -127, "quant_max": 127, "ch_axis": 0,
            },
        ),
    ],
    ids=str,
)  # fmt: skip
def test_trains_like_the_peer(name, settings):
    def make(module, kinds):
        chosen = dict(settings)
        if "observer" in chosen:
            chosen["observer"] = getattr(kinds, chosen["observer"])
        return getattr(module, name)(**chosen)

    ours, theirs = make(fq, observers), make(peer, peer)
    for seed in range(4):
        inputs = [_batch(seed).requires_grad_() for _ in range(2)]
        outputs = [each(x) for each, x in zip((ours, theirs), inputs, strict=True)]
        # A value half way between two integers may go to either: the peer rounds its scale in float32 twice.
        steps = (outputs[0] - outputs[1]).abs() / (ours.scale if ours.ch_axis is None else ours.scale.view(-1, 1))
        assert bool(((steps < 1e-3) | ((steps - 1).abs() < 1e-3)).all()) and (steps > 0.5).sum() <= 1
        for y in outputs:
            y.sum().backward()
        assert (inputs[0].grad != inputs[1].grad).sum() <= 1
    torch.testing.assert_close(ours.scale.reshape(-1), theirs.scale, rtol=1e-5, atol=0)
    assert ours.zero_point.reshape(-1).tolist() == theirs.zero_point.tolist()


def test_reads_what_the_peer_saved():
    theirs, ours = peer.FakeQuantize(), FakeQuantize()
    for seed in range(3):
        theirs(_batch(seed))
    ours.load_state_dict(theirs.state_dict())
    assert ours.qparams().scale.item() == pytest.approx(theirs.scale.item(), rel=1e-6)


def test_repr_has_the_peer_s_fields():
    reprs = [re.sub(r"\(.*?\)", "", module.extra_repr()) for module in (FakeQuantize(), peer.FakeQuantize())]
    assert re.findall(r"(\w+)=", reprs[0]) == re.findall(r"(\w+)=", reprs[1])
