"""What training does with an observer: nothing that waits for a device, and no error for a bad batch."""

import math

import pytest
import torch

from octavo.observers import (
    MinMaxObserver,
    MovingAverageMinMaxObserver,
    MovingAveragePerChannelMinMaxObserver,
    PerChannelMinMaxObserver,
)

_KINDS = [
    MinMaxObserver,
    MovingAverageMinMaxObserver,
    PerChannelMinMaxObserver,
    MovingAveragePerChannelMinMaxObserver,
]


@pytest.mark.parametrize("kind", _KINDS)
def test_sees_what_observe_sees(kind):
    tracked, observed = kind(), kind()
    for seed in range(3):
        x = torch.randn(4, 6, generator=torch.Generator().manual_seed(seed)).bfloat16()
        tracked.track(x)
        observed(x)
    tracked.track(torch.empty(4, 0))
    assert torch.equal(tracked.min_val, observed.min_val) and torch.equal(tracked.max_val, observed.max_val)
    for mine, other in zip(tracked.estimate(), observed.calculate_qparams(), strict=True):
        assert torch.equal(mine, other)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("kind", _KINDS)
def test_a_batch_that_is_not_finite_is_left_out(kind, bad):
    observer = kind()
    x = torch.randn(4, 6, generator=torch.Generator().manual_seed(0))
    spoilt = x * 100
    spoilt[:, 2] = bad
    observer.track(spoilt)
    assert not observer.has_seen() and bool((observer.estimate()[0] == 1).all())
    observer.track(x)
    before = observer.min_val.clone()
    observer.track(spoilt)
    assert torch.equal(observer.min_val, before) and bool(torch.isfinite(observer.max_val).all())


@pytest.mark.parametrize("kind", _KINDS)
def test_runs_on_a_device_that_has_no_numbers(kind):
    observer = kind(factory_kwargs={"device": "meta"})
    observer.track(torch.empty(4, 6, device="meta"))
    scale, zero_point = observer.estimate()
    assert scale.device.type == zero_point.device.type == "meta"
